// The page is complete without this: filters are CSS, details open by hand.
(() => {
  const claims = [...document.querySelectorAll('.claim')];
  const folds = () => [...document.querySelectorAll('main details')];

  // A link into the page opens what it leads to.
  const land = () => {
    let id = location.hash.slice(1);
    try { id = decodeURIComponent(id); } catch {}
    const target = document.getElementById(id);
    if (!target) return;
    target.querySelector(':scope > details')?.setAttribute('open', '');
    for (let e = target; e; e = e.parentElement) if (e.tagName === 'DETAILS') e.open = true;
    target.scrollIntoView();
  };
  addEventListener('hashchange', land);
  land();

  const shown = document.getElementById('shown');
  const tell = () => {
    const n = claims.filter(c => c.checkVisibility()).length;
    shown.textContent = shown.dataset.text.replace('#', n);
  };
  document.querySelectorAll('[name=show]').forEach(r => r.addEventListener('change', tell));

  for (const [id, open] of [['open', true], ['close', false]]) {
    const button = document.getElementById(id);
    if (!button) continue;
    button.hidden = false;
    button.addEventListener('click', () => document.querySelectorAll('.claim > details').forEach(d => { d.open = open; }));
  }

  // Paper can't be unfolded.
  let folded = [];
  addEventListener('beforeprint', () => {
    folded = folds().filter(d => !d.open);
    folded.forEach(d => { d.open = true; });
  });
  addEventListener('afterprint', () => folded.forEach(d => { d.open = false; }));
})();
