/* The style of the report's page, line by line; not installed. */
#ifndef ASSAY_REPORT_PAGE_STYLE_H
#define ASSAY_REPORT_PAGE_STYLE_H

static const char *const page_style[] = {
    ":root{color-scheme:light dark;--paper:#fff;--card:#f5f6f7;--text:#1d2125;--soft:#565e66;--rule:#d9dde1;"
    "--link:#005a9c;--good:#00684c;--bad:#a63c00;--bad-ground:#fdf0e8}",
    "@media (prefers-color-scheme:dark){:root{--paper:#15181c;--card:#1d2126;--text:#e4e6e8;--soft:#a3abb3;"
    "--rule:#363c43;--link:#7cc0f0;--good:#4fd6a8;--bad:#ff9d5c;--bad-ground:#2d211a}}",
    "*{box-sizing:border-box}",
    "html{-webkit-text-size-adjust:100%}",
    "body{margin:0 auto;max-width:62rem;padding:1.5rem 1rem 4rem;background:var(--paper);color:var(--text);"
    "font:1rem/1.55 system-ui,sans-serif;overflow-wrap:anywhere}",
    "a{color:var(--link)}",
    "h1{font-size:1.7rem;line-height:1.2;margin:0 0 .5rem}",
    "h2{font-size:1.3rem;line-height:1.25;margin:3rem 0 .5rem;padding-top:1rem;border-top:1px solid var(--rule)}",
    "p{max-width:44rem;margin:.6rem 0}",
    ".soft,.source,figcaption,footer{color:var(--soft)}",
    ".source{font-size:.95rem;font-weight:400;white-space:nowrap}",
    ".notice{border-left:4px solid var(--bad);background:var(--bad-ground);padding:.6rem .8rem;max-width:none}",
    ".summary{display:grid;grid-template-columns:repeat(auto-fit,minmax(13rem,1fr));gap:.8rem;margin:1.2rem 0}",
    ".summary div{background:var(--card);border-radius:.5rem;padding:.8rem 1rem}",
    ".summary b{display:block;font-size:1.6rem;line-height:1.25;font-variant-numeric:tabular-nums}",
    "nav ol{list-style:none;padding:0;margin:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(16rem,1fr));"
    "gap:0 1.5rem}",
    "nav li{display:flex;justify-content:space-between;gap:1rem;padding:.3rem 0;border-bottom:1px solid var(--rule)}",
    "nav span{color:var(--soft);max-width:50%;text-align:right;font-variant-numeric:tabular-nums}",
    "table{border-collapse:collapse;width:100%;margin:1rem 0;font-variant-numeric:tabular-nums}",
    "th,td{text-align:right;padding:.35rem .6rem;border-bottom:1px solid var(--rule);vertical-align:top}",
    "th{font-weight:600;font-size:.9rem}",
    "td:first-child,th:first-child{text-align:left;padding-left:0}",
    "td{overflow-wrap:break-word}",
    "tbody th{font-weight:400;font-size:1rem}",
    ".note{display:block;font-size:.85rem;font-weight:400;color:var(--soft);text-align:left}",
    ".good{color:var(--good);white-space:nowrap}",
    ".bad{color:var(--bad);font-weight:600;white-space:nowrap}",
    "h2 .good,h2 .bad,h2 .soft{float:right;font-size:.95rem;padding-left:1rem}",
    "figure{margin:1.5rem 0}",
    ".plot{overflow-x:auto;border:1px solid var(--rule);border-radius:.5rem;background:var(--paper);padding:.3rem}",
    ".plot img{display:block;max-width:100%;height:auto;margin:0 auto}",
    "figcaption{font-size:.92rem;margin-top:.5rem;max-width:44rem}",
    "figcaption b{color:var(--text)}",
    ".files{white-space:nowrap}",
    "footer{margin-top:3rem;border-top:1px solid var(--rule);padding-top:1rem;font-size:.9rem}",
    /* On a phone each row of a table becomes a card, and a wide figure scrolls inside its box. */
    "@media (max-width:40rem){h1{font-size:1.4rem}",
    "thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}",
    "table,tbody,tr,td,tbody th{display:block;text-align:left}",
    "tr{border-bottom:1px solid var(--rule);padding:.5rem 0}",
    "td,tbody th{border:0;padding:.05rem 0}",
    "tbody th{font-weight:600}",
    "td:empty{display:none}",
    "td[data-label]:before{content:attr(data-label);display:inline-block;width:8rem;color:var(--soft)}",
    ".plot img{max-width:none;width:38rem}}",
    "@media print{.plot{break-inside:avoid;border:0}nav{display:none}}",
};

#endif
