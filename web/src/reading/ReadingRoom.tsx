export function ReadingRoom({ studyInstanceUid }: { readonly studyInstanceUid: string }) {
  return <main data-uid={studyInstanceUid} />;
}
