/**
 * zod writes functions for the shapes that it checks where it may, which a page's policy forbids; a script that uses zod imports this
 * first, and zod does not try.
 */
import { config } from 'zod';

config({ jitless: true });
