/** vtk.js imports this library for a file format that we never read; see vite.config.ts. */
const never = (): never => {
  throw new Error('XML files of VTK are not read here');
};
export const create = never;
export const convert = never;
export const decode = never;
