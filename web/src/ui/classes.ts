/** Class names that apply, in one string. */
export const classes = (...names: (string | false | undefined)[]): string =>
  names.filter((n) => typeof n === 'string' && n !== '').join(' ');
