/** sRGB colour (`#rrggbb`) and opacity (0…1) of a structure by its key. */
export type MeshLook = (key: string) => { readonly colour: string; readonly opacity: number };
