import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { dataAvailable, dataPath, filesUnder, readFile } from '../testing/data.ts';
import { textDecoder } from './charset.ts';
import { parsePersonName } from './dataset.ts';

/** Bytes from text and hexadecimal escapes as PS3.5 prints them: `\x1b$B`. */
const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const name = (terms: string[], raw: string) =>
  parsePersonName(textDecoder(terms)(bytes(raw), 'name'));

describe('examples of the standard', () => {
  it('PS3.5 H.3.1: Japanese names with kanji and hiragana by escape sequences', () => {
    const raw =
      'Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B';
    expect(name(['', 'ISO 2022 IR 87'], raw)).toEqual({
      alphabetic: 'Yamada^Tarou',
      ideographic: '山田^太郎',
      phonetic: 'やまだ^たろう',
    });
  });

  it('PS3.5 H.3.2: half-width katakana and JIS X 0201', () => {
    const raw =
      '\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J';
    expect(name(['ISO 2022 IR 13', 'ISO 2022 IR 87'], raw)).toEqual({
      alphabetic: 'ﾔﾏﾀﾞ^ﾀﾛｳ',
      ideographic: '山田^太郎',
      phonetic: 'やまだ^たろう',
    });
  });

  it('PS3.5 I.2: Korean in G1', () => {
    const raw =
      'Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf';
    expect(name(['', 'ISO 2022 IR 149'], raw)).toEqual({
      alphabetic: 'Hong^Gildong',
      ideographic: '洪^吉洞',
      phonetic: '홍^길동',
    });
  });

  it('PS3.5 J.1 and J.2: Chinese in UTF-8 and GB18030', () => {
    const utf8 = 'Wang^XiaoDong=\xe7\x8e\x8b^\xe5\xb0\x8f\xe6\x9d\xb1';
    const gb = 'Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab';
    expect(name(['ISO_IR 192'], utf8).ideographic).toBe('王^小東');
    expect(name(['GB18030'], gb).ideographic).toBe('王^小东');
  });

  it('PS3.5 K.2: Chinese by ISO 2022 IR 58', () => {
    const raw = 'Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=';
    expect(name(['', 'ISO 2022 IR 58'], raw)).toEqual({
      alphabetic: 'Zhang^XiaoDong',
      ideographic: '张^小东',
      phonetic: '',
    });
  });

  it('JIS X 0212 by ISO 2022 IR 159', () => {
    // 0x3021 of JIS X 0212 is U+4E02.
    const text = textDecoder(['', 'ISO 2022 IR 87', 'ISO 2022 IR 159'])(
      bytes('\x1b$(D0!\x1b(B-\x1b$B0!\x1b(B'),
      'text',
    );
    expect(text).toBe('丂-亜');
  });
});

describe('delimiters inside characters', () => {
  it('does not split a GBK or GB18030 character whose second byte is a backslash or ^', () => {
    // 昞 is 95 5C and 昢 is 95 5E in both sets.
    for (const set of ['GB18030', 'GBK']) {
      const decode = textDecoder([set]);
      expect(decode(bytes('\x95\x5c\\\x95\x5e'), 'text').split('\\')).toEqual(['昞', '昢']);
      expect(name([set], 'A^B=\x95\x5c^\x95\x5e').ideographic).toBe('昞^昢');
    }
  });

  it('does not split a JIS character whose bytes are a backslash, ^ or =', () => {
    // 楡 is 5C 40 and 殉 is 3D 5E in JIS X 0208: bytes that look like \@ and =^.
    const text = textDecoder(['', 'ISO 2022 IR 87'])(bytes('\x1b$B\\@=^\x1b(B^X'), 'name');
    expect(text).toBe('楡殉^X');
  });

  it('ends a G1 designation at a delimiter', () => {
    const latin = textDecoder(['ISO 2022 IR 100', 'ISO 2022 IR 144']);
    expect(latin(bytes('\x1b-L\xbb\xee\\\xe4'), 'text')).toBe('Лю\\ä');
  });
});

describe('what devices really write', () => {
  it('reads a name whose second group lacks its escape sequence', () => {
    expect(name(['', 'ISO 2022 IR 58'], 'Wang=\x1b$)A\xcd\xf5^\xd0\xa1').ideographic).toBe('王^小');
  });

  it('guesses only where no set is named: UTF-8, then GB18030, then Latin-1', () => {
    const decode = textDecoder([]);
    expect(decode(bytes('\xe7\x8e\x8b'), 'name')).toBe('王');
    expect(decode(bytes('\xcd\xf5^\xd0\xa1'), 'name')).toBe('王^小');
    expect(decode(bytes('J\xe9'), 'name')).toBe('Jé');
    expect(textDecoder(['ISO_IR 100'])(bytes('\xcd\xf5'), 'name')).toBe('Íõ');
  });

  it('takes loose spellings of the term', () => {
    for (const term of ['ISO-IR 192', 'ISO_IR_192', 'utf-8']) {
      expect(textDecoder([term])(bytes('\xe7\x8e\x8b'), 'text')).toBe('王');
    }
    expect(textDecoder(['gb2312'])(bytes('\xcd\xf5'), 'text')).toBe('王');
  });

  it('trims components and drops empty ones at the end', () => {
    expect(parsePersonName(' Wang ^ XiaoMing ^^^ = 王 ^小明  ')).toEqual({
      alphabetic: 'Wang^XiaoMing',
      ideographic: '王^小明',
      phonetic: '',
    });
  });
});

describe.skipIf(!dataAvailable)('real files', () => {
  it.each(['gb18030', 'ir58', 'utf8'])('reads the Chinese name in %s', (set) => {
    const truth = JSON.parse(
      readFileSync(dataPath('dicom_cases', `charset-cn-${set}.truth.json`), 'utf8'),
    );
    for (const file of filesUnder(dataPath('dicom_cases', `charset-cn-${set}`))) {
      const read = readFile(file).personName('PatientName');
      expect(`${read.alphabetic}=${read.ideographic}`).toBe(truth.patientName);
    }
  });

  it.each([
    ['chrArab', 'قباني^لنزار'],
    ['chrFren', 'Buc^Jérôme'],
    ['chrGerm', 'Äneas^Rüdiger'],
    ['chrH31', 'Yamada^Tarou=山田^太郎=やまだ^たろう'],
    ['chrJapMulti', 'やまだ^たろう'],
    ['chrKoreanMulti', '김희중'],
    ['chrRuss', 'Люкceмбypг'],
    ['chrX1', 'Wang^XiaoDong=王^小東'],
    ['chrX2', 'Wang^XiaoDong=王^小东'],
  ])('%s', (file, expected) => {
    const n = readFile(dataPath('dicom_cases', 'charset', `pydicom__${file}.dcm`)).personName(
      'PatientName',
    );
    const groups = [n.alphabetic, n.ideographic, n.phonetic].join('=').replace(/=+$/, '');
    expect(groups).toBe(expected);
  });

  it('uses the character set of a sequence item inside it, and only there', () => {
    const d = readFile(dataPath('dicom_cases', 'charset', 'pydicom__chrSQEncoding.dcm'));
    const items = d.sequence('RequestedProcedureCodeSequence');
    expect(items[0]?.personName('PatientName').ideographic).toBe('山田^太郎');
  });
});
