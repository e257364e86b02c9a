import type { Language, PatientSummary, PersonName } from '@yuepian/contract';
import { dictionaries } from './language.ts';

/** A person with an account, as others read it. The first administrator has no name of their own. */
export function formatUser(
  user: { readonly name: string; readonly displayName: string },
  language: Language,
): string {
  const own = user.displayName.trim();
  if (user.name !== firstAdmin) return own || user.name;
  const { admin } = dictionaries[language].identity.roles;
  // Earlier servers stored the Chinese word.
  return ['', firstAdmin, dictionaries.zh.identity.roles.admin].includes(own) ? admin : own;
}
/** The same where only the name that is shown is known: of a mark's author, of who is here. */
export const formatPerson = (name: string, language: Language): string =>
  formatUser({ name, displayName: name }, language);

/** Account that the server makes at its first start (server/src/identity). */
const firstAdmin = 'admin';

/** DICOM writes a name as family^given^middle^prefix^suffix (PS3.5 §6.2.1). */
const alphabeticName = (group: string): string => {
  const [family = '', given = '', middle = '', prefix = '', suffix = ''] = group.split('^');
  return [prefix, given, middle, family, suffix].filter((p) => p.trim() !== '').join(' ');
};

/** An ideographic name is written family first and without spaces. */
const ideographicName = (group: string): string => group.replace(/[\^\s]+/g, '');

/**
 * A person's name for reading: the writing of the reader's language first, the other one beside it.
 * `main` is empty when the file names nobody.
 */
export function formatName(
  name: PersonName,
  language: Language,
): { readonly main: string; readonly other: string } {
  const ideographic = ideographicName(name.ideographic);
  const alphabetic = isIdeographic(name.alphabetic)
    ? ideographicName(name.alphabetic)
    : alphabeticName(name.alphabetic);
  const phonetic = name.phonetic.replace(/\^/g, ' ').trim();
  const inOrder =
    language === 'zh' ? [ideographic, alphabetic, phonetic] : [alphabetic, ideographic, phonetic];
  const [main = '', other = ''] = [...new Set(inOrder.filter((n) => n !== ''))];
  return { main, other };
}

/** Many Chinese devices write the ideographs into the first component group. */
const isIdeographic = (group: string): boolean => /\p{Script=Han}/u.test(group);

/** `058Y` → 58 岁. Without a stored age, the age on the day of the study. */
export function formatAge(patient: PatientSummary, studyDate: string, language: Language): string {
  const t = dictionaries[language].library;
  const stored = /^(\d{1,3})([YMWD])$/.exec(patient.age.trim());
  if (stored) return t.age(Number(stored[1]), stored[2] as 'Y' | 'M' | 'W' | 'D');
  const birth = parseDate(patient.birthDate);
  const day = parseDate(studyDate);
  if (!birth || !day) return '';
  const before = day.month * 100 + day.day < birth.month * 100 + birth.day;
  const years = day.year - birth.year - (before ? 1 : 0);
  if (years < 0 || years > 130) return '';
  if (years >= 2) return t.age(years, 'Y');
  const months = years * 12 + ((day.month - birth.month + 12 - (day.day < birth.day ? 1 : 0)) % 12);
  return t.age(months, 'M');
}

export function formatSex(sex: string, language: Language): string {
  const t = dictionaries[language].library.sex;
  const code = sex.trim().toUpperCase();
  return code === 'M' || code === 'F' || code === 'O' ? t[code] : '';
}

const parseDate = (
  date: string,
): { readonly year: number; readonly month: number; readonly day: number } | undefined => {
  const m = /^(\d{4})[.-]?(\d{2})[.-]?(\d{2})$/.exec(date.trim());
  if (!m) return undefined;
  const [year, month, day] = [Number(m[1]), Number(m[2]), Number(m[3])];
  if (month < 1 || month > 12 || day < 1 || day > 31) return undefined;
  return { year, month, day };
};

/** `20261120` → 2026-11-20, the same in both languages; empty when it is no date. */
export function formatDate(date: string): string {
  const d = parseDate(date);
  if (!d) return '';
  const two = (n: number) => String(n).padStart(2, '0');
  return `${d.year}-${two(d.month)}-${two(d.day)}`;
}

/** Millilitres with three sensible figures: 0.42, 7.2, 182, 1,240. */
export function formatMl(ml: number): string {
  if (ml >= 100) return Math.round(ml).toLocaleString('en-US');
  if (ml >= 1) return ml.toFixed(1);
  return ml.toFixed(2);
}

/** A real minus sign, as wide as a plus: −12, not -12; −0.0 is 0.0. */
export function formatNumber(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return (Number(text) === 0 ? (0).toFixed(digits) : text).replace('-', '−');
}

/** Millimetres to a tenth: below a voxel more digits would pretend. Without the unit. */
export const formatMm = (mm: number, digits = 1): string => formatNumber(mm, digits);

/** A voxel value or a window bound: whole numbers when large, else up to three figures. */
export function formatValue(value: number): string {
  const size = Math.abs(value);
  const text =
    size >= 20 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(size >= 2 ? 1 : 2);
  return (Number(text) === 0 ? '0' : text).replace('-', '−');
}

/** Units of positron emission tomography as they are written (PS3.3 C.8.9.1.1.3); others stay as they are. */
const petUnits: Readonly<Record<string, string>> = {
  BQML: 'Bq/mL',
  CNTS: 'counts',
  CPS: 'counts/s',
  GML: 'g/mL (SUV)',
  SUVBW: 'g/mL (SUVbw)',
  CM2ML: 'cm²/mL (SUV)',
  PCNT: '%',
  NONE: '',
};
export const formatUnit = (unit: string): string => petUnits[unit] ?? unit;

export function formatDuration(seconds: number, language: Language): string {
  const t = dictionaries[language].structures;
  return seconds < 90
    ? t.seconds(Math.max(1, Math.round(seconds)))
    : t.minutes(Math.round(seconds / 60));
}
