import { Crown, Hand } from 'lucide-react';
import type { LiveCase } from '../case/index.ts';
import { useText } from '../i18n/index.ts';
import { type MenuItem, useStore } from '../ui/index.ts';

/** Take the lead, ask for it, or let it go; nothing for somebody who may only look. */
export function useLeadItem(live: LiveCase): MenuItem | undefined {
  const t = useText();
  const me = useStore(live.state, (s) => s.me);
  const lead = useStore(live.state, (s) => s.lead);
  const asking = useStore(live.state, (s) => s.asking);
  if (!me || me.role === 'observer') return undefined;
  if (me.role === 'lead') {
    const onSelect = () => live.releaseLead();
    return { key: 'lead', label: t.meeting.releaseLead, icon: <Crown />, checked: true, onSelect };
  }
  if (!lead || lead.userId === me.userId) {
    const onSelect = () => live.takeLead();
    return {
      key: 'lead',
      label: t.meeting.takeLead,
      note: t.meeting.takeLeadNote,
      icon: <Crown />,
      onSelect,
    };
  }
  return asking.some((a) => a.personId === me.id)
    ? {
        key: 'lead',
        label: `${t.meeting.askLead} · ${t.meeting.withdraw}`,
        icon: <Hand />,
        checked: true,
        onSelect: () => live.withdrawAsking(),
      }
    : {
        key: 'lead',
        label: t.meeting.askLead,
        icon: <Hand />,
        onSelect: () => live.askForLead(),
      };
}
