/** Runs before anything is drawn. */
import { applyTheme, storedTheme } from './theme.ts';

applyTheme(storedTheme());
