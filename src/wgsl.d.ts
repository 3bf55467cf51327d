/** `.wgsl` files are imported as text; the bundler's text loader provides them. */
declare module '*.wgsl' {
  const text: string;
  export default text;
}
