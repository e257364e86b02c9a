import './ui/tokens.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App, loadAhead } from './app/index.ts';
import { startLanguage } from './i18n/index.ts';
import { startDisplay } from './ui/index.ts';

loadAhead(location.pathname);
startLanguage();
startDisplay();

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
