export {
  command,
  errorFromText,
  errorOf,
  parseJson,
  request,
  Unintelligible,
  Unreachable,
  whenSignedOut,
} from './client.ts';
export { followEvents, useEvents } from './events.ts';
export { sentenceOf } from './sentence.ts';
