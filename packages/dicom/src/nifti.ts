export function readNifti(): never { throw new Error('todo'); }
