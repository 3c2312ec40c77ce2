/** The page's style sheet. It names no address: the page fetches nothing. */
import { dark, encodeColours, light } from "./palette.ts";

const screen = `
*{box-sizing:border-box}
html{color-scheme:light dark;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;overflow-wrap:anywhere}
main,.top,.end{max-width:58rem;margin:0 auto;padding:0 1.25rem}
.top{padding-top:1.75rem;color:var(--muted);font-size:.9375rem}
.top p{margin:0}
.top .place{color:var(--ink);font-weight:600}
.skip{position:absolute;left:-100rem}
.skip:focus{position:static;display:inline-block;margin:.5rem 1.25rem}
a{color:var(--link);text-underline-offset:.15em}
:focus-visible{outline:.1875rem solid var(--link);outline-offset:.125rem;border-radius:.125rem}
section{margin-top:3rem}
h1{font-size:1.625rem;line-height:1.25;letter-spacing:-.015em;margin:0;font-weight:650}
h2{font-size:1.1875rem;line-height:1.3;letter-spacing:-.01em;margin:0 0 .25rem;font-weight:650}
h3{font-size:1rem;margin:1.5rem 0 .25rem;font-weight:600}
p{margin:.5rem 0}
.hint{color:var(--muted);margin:0 0 1rem;max-width:42rem}
.more{color:var(--muted);margin:.75rem 0 0}
code,.mono{font:.875em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
.verdict{display:grid;grid-template-columns:auto 1fr;gap:0 1.125rem;margin-top:1rem;padding:1.5rem;border-radius:.75rem;border:1px solid transparent}
.verdict svg{width:2.5rem;height:2.5rem}
.verdict .until{font-size:1.0625rem;margin:.375rem 0 0}
.verdict .code{margin:.375rem 0 0;color:var(--muted)}
.verdict .code code{color:inherit}
.verdict ul{margin:.875rem 0 0;padding-left:1.125rem}
.good{background:var(--goodField)}.good h1,.good svg{color:var(--good)}
.soon{background:var(--soonField)}.soon h1,.soon svg{color:var(--soon)}
.bad{background:var(--badField)}.bad h1,.bad svg{color:var(--bad)}
.plain{background:var(--plainField)}.plain h1,.plain svg{color:var(--plain)}
.tag{display:inline-block;padding:0 .5rem;border-radius:1rem;font-size:.8125rem;line-height:1.5rem;font-weight:550;white-space:nowrap}
.tag.good{color:var(--good)}.tag.soon{color:var(--soon)}.tag.bad{color:var(--bad)}.tag.plain{color:var(--plain)}
.facts{display:flex;flex-wrap:wrap;gap:.25rem 2rem;margin:1rem 0 0;color:var(--muted);font-size:.9375rem}
.facts dt,.facts dd{display:inline;margin:0}
.facts dd{color:var(--ink);font-variant-numeric:tabular-nums}
svg.time{display:block;width:100%;font-size:.8125rem;overflow:visible}
svg.time text{fill:var(--muted);paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}
svg.time .name{fill:var(--ink);font-weight:600}
svg.time .track{fill:var(--card)}
svg.time .tick{stroke:var(--line)}
svg.time .goodBar{fill:var(--goodBar)}svg.time .soonBar{fill:var(--soonBar)}svg.time .badBar{fill:var(--badBar)}
svg.time .window{fill:var(--soonBar)}
table{width:100%;border-collapse:collapse;font-size:.9375rem}
th{text-align:left;font-weight:550;color:var(--muted);font-size:.8125rem;padding:.375rem .75rem .375rem 0;border-bottom:1px solid var(--line);vertical-align:bottom}
td{padding:.625rem .75rem .625rem 0;border-bottom:1px solid var(--line);vertical-align:top}
td:first-child{font-weight:600}
td,dd{font-variant-numeric:tabular-nums}
td .sub{display:block;font-weight:400;color:var(--muted);font-size:.875rem}
ul.keys,ul.lines{list-style:none;margin:0;padding:0}
ul.lines li{padding:.4375rem 0;border-bottom:1px solid var(--line);display:grid;grid-template-columns:5.5rem 1fr;gap:0 .75rem;align-items:start}
ul.tree,ul.tree ul{list-style:none;margin:0;padding:0}
ul.tree ul{margin:.25rem 0 0 .5rem;padding-left:1rem;border-left:2px solid var(--line)}
ul.tree li{padding:.5rem 0}
ul.tree .order{color:var(--muted);font-variant-numeric:tabular-nums;margin-right:.375rem}
ul.tree p{margin:.125rem 0;font-size:.9375rem}
ul.tree .about{color:var(--muted)}
ul.tree .warn{color:var(--ink)}
details{border-bottom:1px solid var(--line)}
details.node{border:0}
summary{cursor:pointer;padding:.625rem 0}
details.node>summary{padding:0}
details.target>summary{display:flex;flex-wrap:wrap;gap:0 1rem;align-items:baseline;list-style-position:inside}
details.target>summary .name{flex:1 1 14rem;font-weight:600}
details.target>summary .size{color:var(--muted);font-variant-numeric:tabular-nums;font-size:.9375rem}
details.target>summary::before{content:"";flex:none;align-self:center;width:.4rem;height:.4rem;border:solid var(--muted);border-width:0 .125rem .125rem 0;transform:rotate(-45deg);margin-right:-.25rem}
details.target[open]>summary::before{transform:rotate(45deg)}
details.target .inside{padding:0 0 1rem 1.4rem}
dl.about{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:.25rem 0;font-size:.9375rem}
dl.about dt{color:var(--muted)}
dl.about dd{margin:0}
ol.walk{margin:.5rem 0;padding-left:1.25rem;font-size:.9375rem}
ol.walk li{padding:.125rem 0}
ol.walk .why{color:var(--muted)}
form{display:flex;flex-wrap:wrap;gap:.5rem;align-items:end;margin:0 0 1rem}
form label{flex:1 1 14rem;font-size:.875rem;color:var(--muted)}
input,button{font:inherit;color:var(--ink);background:var(--paper);border:1px solid var(--muted);border-radius:.375rem;padding:.5rem .75rem}
input{display:block;width:100%;margin-top:.25rem}
button{cursor:pointer;background:var(--plainField)}
.answer{background:var(--card);border-radius:.5rem;padding:1rem 1.25rem;margin:0 0 1.5rem}
.answer h3{margin-top:0}
.end{margin-top:3.5rem;padding-top:1.25rem;padding-bottom:3rem;color:var(--muted);font-size:.875rem}
.end p{margin:.25rem 0}
@media (max-width:44rem){
svg.time .extra{display:none}
.verdict{padding:1.125rem;grid-template-columns:1fr;gap:.75rem}
h1{font-size:1.375rem}
table,thead,tbody,tr,td{display:block}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
tr{border-bottom:1px solid var(--line);padding:.625rem 0}
td{border:0;padding:.125rem 0}
td[data-label]::before{content:attr(data-label) " ";color:var(--muted);font-weight:400}
dl.about{grid-template-columns:1fr;gap:0}
dl.about dd{margin-bottom:.375rem}
ul.lines li{grid-template-columns:1fr}
ul.tree ul{margin-left:0;padding-left:.625rem}
}
@media (prefers-reduced-motion:no-preference){details.target>summary::before{transition:transform .12s}}
@media print{.skip,form{display:none}details.target>summary::before{display:none}body{font-size:10.5pt}section{break-inside:avoid-page}}
`;

export const style: string = `:root{${encodeColours(light)}}@media (prefers-color-scheme:dark){:root{${encodeColours(dark)}}}${screen}`;
