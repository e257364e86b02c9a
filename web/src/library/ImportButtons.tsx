import { FileUp, FolderUp } from 'lucide-react';
import { useRef } from 'react';
import { useText } from '../i18n/index.ts';
import { Button } from '../ui/index.ts';
import { startUpload } from './upload/uploader.ts';
import { walk } from './upload/walk.ts';

/** Buttons that do what dropping does. */
export function ImportButtons({
  primary = false,
  onStart,
}: {
  readonly primary?: boolean;
  readonly onStart?: () => void;
}) {
  const t = useText();
  const folder = useRef<HTMLInputElement>(null);
  const files = useRef<HTMLInputElement>(null);
  const take = (input: HTMLInputElement) => {
    const chosen = [...(input.files ?? [])];
    input.value = '';
    if (chosen.length > 0) void startUpload(walk(chosen));
    onStart?.();
  };
  return (
    <>
      <Button
        kind={primary ? 'primary' : 'quiet'}
        icon={<FolderUp />}
        onClick={() => folder.current?.click()}
        data-testid="choose-folder"
      >
        {t.library.chooseFolder}
      </Button>
      <Button
        kind={primary ? 'plain' : 'quiet'}
        icon={<FileUp />}
        onClick={() => files.current?.click()}
        data-testid="choose-files"
      >
        {t.library.chooseFiles}
      </Button>
      <input
        ref={(input) => {
          folder.current = input;
          // Not in React's types: the attribute is not part of the HTML standard.
          if (input) input.webkitdirectory = true;
        }}
        type="file"
        hidden
        multiple
        data-testid="folder-input"
        onChange={(e) => take(e.currentTarget)}
      />
      <input
        ref={files}
        type="file"
        hidden
        multiple
        data-testid="file-input"
        onChange={(e) => take(e.currentTarget)}
      />
    </>
  );
}
