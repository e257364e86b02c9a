import { useEffect, useRef, useState } from 'react';

/** Files dropped anywhere on the window. @returns whether something hovers over it now */
export function useDrop(onDrop: (data: DataTransfer) => void): boolean {
  const [isOver, setOver] = useState(false);
  const latest = useRef(onDrop);
  latest.current = onDrop;
  useEffect(() => {
    // Entering a child fires before leaving its parent, so the enters are counted.
    let depth = 0;
    const abort = new AbortController();
    const { signal } = abort;
    const hasFiles = (e: DragEvent): boolean => e.dataTransfer?.types.includes('Files') ?? false;
    const settle = () => {
      depth = 0;
      setOver(false);
    };
    addEventListener(
      'dragenter',
      (e) => {
        if (!hasFiles(e)) return;
        e.preventDefault();
        depth++;
        setOver(true);
      },
      { signal },
    );
    addEventListener(
      'dragover',
      (e) => {
        if (!hasFiles(e)) return;
        e.preventDefault();
        if (e.dataTransfer) e.dataTransfer.dropEffect = 'copy';
      },
      { signal },
    );
    addEventListener(
      'dragleave',
      (e) => {
        if (!hasFiles(e)) return;
        depth--;
        if (depth <= 0) settle();
      },
      { signal },
    );
    addEventListener(
      'drop',
      (e) => {
        if (!hasFiles(e)) return;
        e.preventDefault();
        settle();
        if (e.dataTransfer) latest.current(e.dataTransfer);
      },
      { signal },
    );
    return () => abort.abort();
  }, []);
  return isOver;
}
