/** The first screen: what this is, and where to go. */
import { HOME, PAGES } from '../index.ts';
import { mountPage, Shell } from '../shared/shell.tsx';
import { Example } from './example.tsx';

function Home() {
  return (
    <Shell
      page={HOME.folder}
      title={HOME.title}
      lead={
        <>
          A face recogniser turns a photograph into a list of numbers, and two photographs with similar
          numbers count as one person. A change that one hardly sees can make it take one person for another.
          Here you can watch that happen, and see what stops it.
        </>
      }
    >
      <Example />
      <ul class="cards">
        {PAGES.map(({ folder, title, line }) => (
          <li key={folder}>
            <a class="card" href={`./${folder}/index.html`}>
              <h2>{title}</h2>
              <p>{line}</p>
            </a>
          </li>
        ))}
      </ul>
      <section class="prose">
        <h2>What computes here</h2>
        <p>
          facet is a WebGPU compute engine with its own automatic differentiation. The networks, losses and
          attacks on these pages are the very modules that the command line runs; your graphics card does the
          work, and your pictures stay with you.
        </p>
        <p>
          The defence under study trains several networks at once that share what identifies a person but see
          different features in a face (Amada et al. 2021), so that one change is less likely to fool them
          all.
        </p>
      </section>
    </Shell>
  );
}

mountPage(<Home />);
