// What can be told of a page's accessibility from the page itself: a list of
// what is wrong (WCAG 2.2 AA by number), empty where nothing is.
(() => {
  const wrong = [];
  const say = (rule, e, what) => wrong.push(`${rule}: ${e.tagName.toLowerCase()}${e.id ? '#' + e.id : ''}.${e.getAttribute('class') ?? ''} "${e.textContent.trim().slice(0, 40)}" ${what}`);
  const all = (q) => [...document.querySelectorAll(q)];
  const visible = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0;

  // 1.4.3 and 1.4.11: contrast of text and of lines.
  const rgba = (c) => { const m = c.match(/[\d.]+/g).map(Number); return m.length > 3 ? m : [...m, 1]; };
  const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
  const light = (c) => {
    const [r, g, b] = c.slice(0, 3).map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + .05) / (y + .05); };
  const ground = (e) => {
    const layers = [];
    for (; e; e = e.parentElement) {
      const c = rgba(getComputedStyle(e).backgroundColor);
      if (c[3]) layers.push(c);
      if (c[3] === 1) break;
    }
    return layers.reverse().reduce((below, c) => over(c, below), [255, 255, 255, 1]);
  };
  const behind = (text) => {
    const box = text.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2;
    const rects = [...text.ownerSVGElement.querySelectorAll('rect')].filter(r => {
      const b = r.getBoundingClientRect();
      return b.left < x && x < b.right && b.top < y && y < b.bottom;
    });
    return rects.length ? rgba(getComputedStyle(rects.at(-1)).fill) : ground(text.ownerSVGElement);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let texts = 0;
  for (let n; (n = walker.nextNode());) {
    const e = n.parentElement;
    if (!n.data.trim() || /^(SCRIPT|STYLE|title|desc)$/i.test(e.tagName) || !visible(e) || e.closest('.aside')) continue;
    texts++;
    const style = getComputedStyle(e), svg = e.ownerSVGElement;
    const [ink, paper] = svg ? [rgba(style.fill), behind(e)] : [rgba(style.color), ground(e)];
    const size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
    const r = ratio(over(ink, paper), paper);
    if (r < (large ? 3 : 4.5)) say('1.4.3', e, `contrast ${r.toFixed(2)}`);
  }
  if (texts < 200) wrong.push(`only ${texts} texts were looked at`);
  const edges = [...all('.box, .chip').map(e => [e, null]), ...all('.node').flatMap(e => [[e, '::before'], [e, '::after']])];
  for (const [e, pseudo] of edges.filter(([e]) => visible(e))) {
    const style = getComputedStyle(e, pseudo);
    if (pseudo && style.content === 'none') continue;
    const side = parseFloat(style.borderLeftWidth) ? 'borderLeftColor' : 'borderTopColor';
    const r = ratio(rgba(style[side]), ground(e.parentElement));
    if (r < 3) say('1.4.11', e, `contrast ${r.toFixed(2)}`);
  }
  if (edges.length < 20) wrong.push(`only ${edges.length} edges were looked at`);

  // 1.1.1, 2.4.4, 4.1.2: names.
  const name = (e) => (e.getAttribute('aria-label') || (e.getAttribute('aria-labelledby') ?? '').split(/\s+/).filter(Boolean).map(id => document.getElementById(id)?.textContent ?? '').join(' ') || e.labels?.[0]?.textContent || e.textContent).trim();
  for (const e of all('a, button, input, summary, nav, [role=img], section, fieldset, table')) if (!name(e)) say('4.1.2', e, 'has no name');
  for (const e of all('svg')) if (e.getAttribute('role') !== 'img' && e.getAttribute('aria-hidden') !== 'true') say('1.1.1', e, 'is neither an image nor hidden');
  for (const attr of ['aria-labelledby', 'aria-describedby', 'for'])
    for (const e of all(`[${attr}]`))
      for (const id of e.getAttribute(attr).split(/\s+/)) if (!document.getElementById(id)) say('1.3.1', e, `${attr} leads nowhere`);
  const ids = all('[id]').map(e => e.id);
  ids.filter((id, i) => ids.indexOf(id) !== i).forEach(id => wrong.push(`4.1.1: the id ${id} is there twice`));

  // 1.3.1, 2.4.1, 2.4.6: headings, landmarks, tables; 2.4.2, 3.1.1: title, language.
  let level = 0;
  for (const e of all('h1, h2, h3, h4, h5, h6')) {
    const l = +e.tagName[1];
    if (l > level + 1) say('1.3.1', e, `follows a heading of level ${level}`);
    level = l;
  }
  for (const q of ['h1', 'main', 'body > header', 'body > footer', 'nav[aria-label]', 'a.skip'])
    if (all(q).length !== 1) wrong.push(`1.3.1: ${all(q).length} ${q}`);
  for (const e of all('table')) if (!e.caption || e.querySelector('th:not([scope])')) say('1.3.1', e, 'has no caption or scope');
  if (!document.documentElement.lang || !document.title.trim()) wrong.push('3.1.1: no language or title');

  // 1.4.10: nothing is wider than the window; 2.1.1: what scrolls can be focused.
  if (document.documentElement.scrollWidth > innerWidth) wrong.push(`1.4.10: the page is ${document.documentElement.scrollWidth} wide in ${innerWidth}`);
  for (const e of all('main *').filter(visible)) {
    const scrolls = /auto|scroll/.test(getComputedStyle(e).overflowX) && e.scrollWidth > e.clientWidth + 1;
    if (scrolls && e.tabIndex < 0 && !e.querySelector('a, button, [tabindex]')) say('2.1.1', e, 'scrolls and can\'t be focused');
  }
  for (const e of all('[tabindex]')) if (e.tabIndex > 0) say('2.4.3', e, 'has an order of its own');

  // 2.5.8: what is clicked is large enough, but for links within a text.
  for (const e of all('button, label, nav a, summary').filter(visible)) {
    const b = e.getBoundingClientRect();
    if (b.height < 24 || b.width < 24) say('2.5.8', e, `is ${b.width.toFixed()} × ${b.height.toFixed()}`);
  }
  return wrong;
})();
