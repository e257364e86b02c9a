import { Languages } from 'lucide-react';
import { setLanguage, useLanguage, useText } from '../i18n/index.ts';
import { Button } from '../ui/index.ts';

/** Switches between the two languages; it is written in the language it leads to. */
export function LanguageButton() {
  const t = useText();
  const language = useLanguage();
  const other = language === 'zh' ? 'en' : 'zh';
  return (
    <Button
      kind="quiet"
      icon={<Languages />}
      lang={other === 'zh' ? 'zh-CN' : 'en'}
      data-testid="language"
      onClick={() => setLanguage(other)}
    >
      {t.common.otherLanguage}
    </Button>
  );
}
