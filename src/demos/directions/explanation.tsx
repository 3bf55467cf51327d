/** What the pictures mean: in words, with the formulas beside them. */

export function Explanation() {
  return (
    <section class="panel" aria-labelledby="meaning">
      <h2 id="meaning">What one sees here</h2>
      <div class="meaning">
        <div class="prose">
          <h3>Features and weight vectors</h3>
          <p>
            A member turns a picture into <em>features</em>: here two or three numbers, so a thin line from
            the middle. For every person there is a <em>weight vector</em>, the arrow with the person’s
            number. Training turns features towards their person’s arrow and arrows towards their features.
            Two pictures count as one person if their features point alike.
          </p>
          <p class="math">loss = −log( exp W_y·f / Σ_k exp W_k·f ), summed over members</p>
        </div>
        <div class="prose">
          <h3>Why separate arrows make diversity empty</h3>
          <p>
            If every member has its own arrows, each is free to turn its whole picture as it likes. Two
            members then disagree as much as by chance, about 90°, and their volume is large although they may
            have learnt the very same thing. ADP, a defence that asks an ensemble’s members to differ, was
            made for classifiers, whose outputs mean the same for all members. Features do not, so that there
            is nothing to push apart.
          </p>
          <p class="math">volume = √det [u_i·u_j], u_m = f_m / ‖f_m‖</p>
        </div>
        <div class="prose">
          <h3>What sharing changes</h3>
          <p>
            With one set of arrows for all, the members live in one world. Left alone they agree (middle), and
            what fools one fools all. Now a reward for volume has a meaning: members lean to different sides
            of the shared arrow (right) and still recognise the person. An attacker must then move several
            features at once, in different directions.
          </p>
          <p class="math">total = Σ_m loss_m − λ · mean log det( [u_i·u_j] + 10⁻³ I )</p>
        </div>
      </div>
      <p class="hint">
        Six people with eight drawn pictures of 16×16 pixels each; one hidden layer of 32; Adam. All three
        ensembles start from the same numbers and take the same steps. Faces that were trained on are shown,
        as in the paper’s figures: this is a picture of a mechanism, not a measurement of robustness.
      </p>
    </section>
  );
}
