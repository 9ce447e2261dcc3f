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
    if (target.closest('.claim[hidden]')) find(search.value = '');
    target.querySelector(':scope > details')?.setAttribute('open', '');
    for (let e = target; e; e = e.parentElement) if (e.tagName === 'DETAILS') e.open = true;
    target.scrollIntoView();
  };

  const shown = document.getElementById('shown');
  const tell = () => {
    const n = claims.filter(c => c.checkVisibility()).length;
    if (shown) shown.textContent = shown.dataset.text.replace('#', n);
  };
  document.querySelectorAll('[name=show]').forEach(r => r.addEventListener('change', tell));

  // Search shows the claims that have all words, also where they are folded.
  const search = document.getElementById('search');
  const texts = new Map();
  const textOf = (claim) => texts.get(claim) ?? texts.set(claim, claim.textContent.toLowerCase()).get(claim);
  const find = (words) => {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    claims.forEach(c => { c.hidden = !wanted.every(w => textOf(c).includes(w)); });
    tell();
  };
  if (search) {
    search.parentElement.hidden = false;
    search.addEventListener('input', () => find(search.value));
  }

  // A copy button copies the texts of what it belongs to.
  const told = document.getElementById('told');
  document.querySelectorAll('.copy').forEach(button => {
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener('click', async () => {
      const texts = [...button.closest('.copied').querySelectorAll('.copy-text')];
      const text = texts.map(e => e.textContent.trimEnd()).join('\n');
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = told.textContent = button.dataset.done;
        setTimeout(() => { button.textContent = label; told.textContent = ''; }, 2000);
      } catch {
        getSelection().selectAllChildren(texts.at(-1)); // the reader may copy it
      }
    });
  });

  for (const [id, open] of [['open', true], ['close', false]]) {
    const button = document.getElementById(id);
    if (!button) continue;
    button.hidden = false;
    button.addEventListener('click', () => document.querySelectorAll('.claim > details').forEach(d => { d.open = open; }));
  }

  addEventListener('hashchange', land);
  land();

  // Paper can't be unfolded.
  let folded = [];
  addEventListener('beforeprint', () => {
    folded = folds().filter(d => !d.open);
    folded.forEach(d => { d.open = true; });
  });
  addEventListener('afterprint', () => folded.forEach(d => { d.open = false; }));
})();
