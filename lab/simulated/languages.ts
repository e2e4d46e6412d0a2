import type { Answer } from "./answers";

/** Of a host's daemon: systemd hands it /etc/locale.conf, while virsh runs under LC_ALL=C. */
export type Language = keyof typeof catalogues;

/** As libvirt 11.3.0's catalogues have them; what stands in none of them here is said with its last line. */
const catalogues = {
  de: {
    "domain is not running": "Angeforderte Operation ist nicht gültig: Domain läuft nicht",
    "cannot acquire state change lock": "Zeit abgelaufen während der Aktion: Kann Status-Änderungs-Lock nicht abrufen",
    "": "Interner Fehler",
  },
  fr: {
    "domain is not running": "L'opération demandée n'est pas valide : le domaine n’est pas actif",
    "Migration without shared storage is unsafe":
      "Migration non sécurisée : La migration sans stockage partagé n'est pas sûre",
    "": "erreur interne",
  },
  ja: {
    "domain is not running": "要求された操作は有効ではありません: ドメインが稼働していません",
    "cannot acquire state change lock": "オペレーション中にタイムアウトが発生しました: 状態変更ロックを獲得できません",
    "": "内部エラー",
  },
} as const;

/** virsh's own. */
const untranslated = /^(?:failed to get domain|failed to connect to the hypervisor|unknown command)/;

export function inLanguage(language: Language | undefined, { out, err }: Answer): Answer {
  const answer = out === undefined ? {} : { out };
  if (err === undefined) return answer;
  if (language === undefined || untranslated.test(err)) return { ...answer, err };
  const text = Object.entries(catalogues[language]).find(([part]) => err.includes(part))![1];
  return { ...answer, err: text };
}
