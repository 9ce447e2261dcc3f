// The player types the page's commands as the page has them, and shows their outputs
// after the time that they took.
(() => {
  const player = document.getElementById('player');
  if (!player) return;
  const [screen, play, seek, speed, scene] = ['.screen', '#play', '#seek', '#speed', '#scene'].map(q => player.querySelector(q));
  player.hidden = false;
  document.querySelector('nav [href="#part.session"]').parentElement.hidden = false;

  // Milliseconds: to type a character, before typing, to read an output, the longest wait.
  const key = 30, start = 500, read = 1500, wait = 2000;
  const frames = []; // what the screen has from a time on: the first characters of the text
  let text = '', length = 0;
  const add = (piece, took, claim) => {
    text += piece;
    length += took;
    frames.push({ at: length, end: text.length, claim });
  };
  for (const claim of document.querySelectorAll('.claim.typed')) {
    for (const command of claim.querySelectorAll('.command')) {
      const lines = command.querySelector('.typed').cloneNode(true);
      lines.querySelectorAll('.again').forEach(e => e.remove());
      const typed = lines.textContent.trim(), prompt = lines.querySelector('.prompt')?.textContent.length ?? 0;
      add(typed.slice(0, prompt), start, claim);
      for (const c of typed.slice(prompt)) add(c, key, claim);
      const answer = [command.querySelector('.answer'), command.querySelector('.exit')].filter(Boolean);
      add('\n' + answer.map(e => e.textContent.trimEnd() + '\n').join(''), Math.min(command.dataset.took, wait), claim);
      add('', read, claim);
    }
  }

  let at = length, before = 0, playing = false, drawn = null;
  const draw = () => {
    let low = 0, high = frames.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (frames[middle].at <= at) low = middle + 1; else high = middle;
    }
    const frame = frames[low - 1];
    seek.value = at;
    if (frame === drawn) return;
    drawn = frame;
    screen.textContent = text.slice(0, frame?.end ?? 0);
    screen.scrollTop = screen.scrollHeight;
    const claim = (frame ?? frames[0]).claim;
    scene.href = '#' + encodeURIComponent(claim.id);
    scene.textContent = claim.querySelector('h4').lastChild.textContent;
  };
  const set = (on) => {
    playing = on;
    const label = play.textContent;
    if ((play.dataset.state === 'playing') !== on) [play.textContent, play.dataset.pause] = [play.dataset.pause, label];
    play.dataset.state = on ? 'playing' : 'paused';
    if (on) requestAnimationFrame(now => { before = now; tick(now); });
  };
  const tick = (now) => {
    if (!playing) return;
    at = Math.min(length, at + (now - before) * speed.value);
    before = now;
    draw();
    if (at < length) requestAnimationFrame(tick); else set(false);
  };
  seek.max = length;
  seek.step = 100;
  play.addEventListener('click', () => {
    if (!playing && at >= length) at = 0;
    set(!playing);
  });
  seek.addEventListener('input', () => { at = +seek.value; draw(); });
  draw();
})();
