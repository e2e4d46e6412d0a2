/** What a `pulumi` command did, from what it printed: for the table and the transcript. */
import type { Running } from "./running";

export const transcriptOf = (run: Running) => `$ ${run.command} → ${run.code ?? "still running"}\n${run.text.trim()}`;

export function errorOf(run: Running): string {
  if (run.problem !== undefined) return run.problem.code;
  return run.code === 137 ? "killed" : /interrupted/.test(run.text) ? "interrupted" : `ended with ${run.code}`;
}

export function actionOfNext(run: Running): string {
  if (run.code !== 0) return `the next \`up\` refuses: ${errorOf(run)}`;
  const actions = [
    [/no second one is started/, "takes over the move that runs"],
    [/resuming it/, "resumes it"],
    [/leftover definition of .* on|removed the leftover/, "removes what is left over"],
    [/moved kvm-a → kvm-b \(shut off\)/, "moves its definition"],
    [/moved kvm-a → kvm-b/, "moves it"],
  ] as const;
  // "moved" also ends a move that was taken over or resumed: the first that matches counts.
  const [, action] = actions.find(([pattern]) => pattern.test(run.text)) ?? [];
  return `the next \`up\` ${action ?? "finds it there"}`;
}
