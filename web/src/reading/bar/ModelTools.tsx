import { ClipMenu } from './ClipMenu.tsx';
import { DirectionMenu, ModelsMenu, VolumeMenu } from './ModelMenus.tsx';

export function ModelTools() {
  return (
    <>
      <VolumeMenu />
      <ModelsMenu />
      <ClipMenu />
      <DirectionMenu />
    </>
  );
}
