import { ctAbdomen } from '../ct/abdomen.ts';
export const mrHead = ctAbdomen;
