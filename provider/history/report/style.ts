import { Markup } from "./html";

export const style = new Markup(`
body{margin:0;background:#f8fafc;color:#0f172a;font:15px/1.5 system-ui,sans-serif}
main{max-width:900px;margin:0 auto;padding:24px 20px 60px;background:#fff}
h1{font-size:24px;margin:0 0 12px}h2{font-size:18px;margin:32px 0 8px}h3{font-size:16px;margin:0}
.tiles{display:flex;flex-wrap:wrap;gap:12px}.tiles div{border:1px solid #e2e8f0;border-radius:6px;padding:8px 14px}
.tiles b{display:block;font-size:19px}.tiles span{font-size:12px;color:#475569}
table{border-collapse:collapse;margin:8px 0}th,td{padding:3px 12px 3px 0;text-align:left;font-size:13px;border-bottom:1px solid #e2e8f0}
th{color:#475569;font-weight:600}td.n{font-variant-numeric:tabular-nums;white-space:nowrap}
.stayed,.unknown{color:#b91c1c}.moved{color:#047857}
section{margin-top:28px;padding-top:14px;border-top:2px solid #e2e8f0;break-inside:avoid}section p{margin:4px 0}
.small{font-size:12px;color:#475569;overflow-wrap:anywhere}pre{font-size:12px;background:#f1f5f9;padding:8px;white-space:pre-wrap;overflow-wrap:anywhere}
svg{width:100%;height:auto;display:block}svg text{font:11px system-ui,sans-serif;fill:#475569}svg .vm{font-size:12px;fill:#0f172a}svg .panel{font-size:12px;font-weight:600;fill:#0f172a}
.grid{stroke:#e2e8f0}.post{fill:#fde68a;opacity:.35}
`);
