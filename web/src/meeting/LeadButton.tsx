import { Crown, Hand } from 'lucide-react';
import type { LiveCase } from '../case/index.ts';
import { useText } from '../i18n/index.ts';
import { Button, useStore } from '../ui/index.ts';

/** Take the lead, ask for it, or let it go; nothing for somebody who may only look. */
export function LeadButton({
  live,
  className,
}: {
  readonly live: LiveCase;
  readonly className: string;
}) {
  const t = useText();
  const me = useStore(live.state, (s) => s.me);
  const lead = useStore(live.state, (s) => s.lead);
  const asking = useStore(live.state, (s) => s.asking);
  if (!me || me.role === 'observer') return null;
  const isMine = me.role === 'lead';
  const isTaken = lead !== undefined && lead.userId !== me.userId;
  const hasAsked = asking.some((a) => a.personId === me.id);
  const act = (): void => {
    if (isMine) live.releaseLead();
    else if (hasAsked) live.withdrawAsking();
    else if (isTaken) live.askForLead();
    else live.takeLead();
  };
  return (
    <Button
      kind="quiet"
      className={className}
      icon={isTaken ? <Hand /> : <Crown />}
      pressed={isMine || hasAsked}
      title={isTaken || isMine ? undefined : t.meeting.takeLeadNote}
      data-testid="lead"
      onClick={act}
    >
      {isTaken ? t.meeting.askLead : t.meeting.takeLead}
    </Button>
  );
}
