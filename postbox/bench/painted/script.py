"""What runs inside the page: words with their boxes, and a way to make a group of words transparent.

Decides nothing about visibility; ``browser`` compares the pictures.
"""

from __future__ import annotations

COLLECT = """
() => {
  const words = [], ranges = [];
  const blockOf = node => {
    let at = node.nodeType === 1 ? node : node.parentElement;
    while (at && /^(inline|contents)$/.test(getComputedStyle(at).display)) at = at.parentElement;
    return at;
  };
  const boxes = list => [...list].filter(r => r.width > 0 && r.height > 0)
    .map(r => [r.left + scrollX, r.top + scrollY, r.width, r.height]);
  let gap = true, lastBlock = null;
  const pseudo = (element, which) => {
    const content = getComputedStyle(element, which).content;
    const match = /^"((?:[^"\\\\]|\\\\.)*)"$/.exec(content || '');
    if (match && match[1].trim()) control(element, match[1].replace(/\\\\(.)/g, '$1'));
  };
  const control = (element, text) => {
    const found = boxes(element.getClientRects());
    for (const word of text.split(/\\s+/)) if (word) {
      words.push({text: word, boxes: found, glued: false, whole: true});
      ranges.push(element);
    }
    gap = true;
  };
  const letters = node => {
    for (let at = node.parentElement; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.webkitBackgroundClip === 'text') return at;
      if (at === node.parentElement && (style.textShadow !== 'none' || at instanceof SVGElement)) return at;
    }
    return null;
  };
  const textNode = node => {
    const whole = document.createRange();
    whole.selectNodeContents(node);
    if (node.data.trim() && !whole.getClientRects().length) {
      for (const text of node.data.trim().split(/\\s+/)) {
        words.push({text, boxes: [], glued: false, whole: false});
        ranges.push(whole);
      }
      return;
    }
    const block = blockOf(node), special = node.data.trim() ? letters(node) : null;
    if (block !== lastBlock) gap = true;
    lastBlock = block;
    const pattern = /\\S+/g;
    let match, end = 0;
    while ((match = pattern.exec(node.data))) {
      if (match.index > end) gap = true;
      const range = document.createRange();
      range.setStart(node, match.index);
      range.setEnd(node, end = pattern.lastIndex);
      words.push({text: match[0], boxes: boxes(range.getClientRects()), glued: !gap, whole: false});
      ranges.push(special || range);
      gap = false;
    }
    if (end < node.data.length) gap = true;
  };
  const visit = element => {
    pseudo(element, '::before');
    const tag = element.localName;
    if (tag === 'br' || tag === 'img' || tag === 'hr') gap = true;
    if (tag === 'input') {
      if (!/^(hidden|checkbox|radio|password|file|range|color|image)$/.test(element.type))
        control(element, element.value || element.placeholder || '');
    } else if (tag === 'textarea') control(element, element.value || element.placeholder || '');
    else if (tag === 'select') {
      const open = element.multiple || element.size > 1;
      for (const option of element.options) if (open || option.selected) control(element, option.label);
    }
  };
  const opaque = new Set(['input', 'textarea', 'select', 'script', 'style']);
  let node = document.documentElement, down = true;
  while (node) {
    if (down) {
      if (node.nodeType === 3) textNode(node);
      else if (node.nodeType === 1) visit(node);
    }
    const open = down && node.nodeType === 1 && !opaque.has(node.localName);
    if (open && node.firstChild) { node = node.firstChild; continue; }
    if (node.nodeType === 1) pseudo(node, '::after');
    if (node.nextSibling) { node = node.nextSibling; down = true; }
    else { node = node.parentNode; down = false; if (node === document || !node) break; }
  }
  window.__ranges = ranges;
  return {words, width: document.documentElement.clientWidth, height: Math.max(
    document.documentElement.scrollHeight, document.body ? document.body.scrollHeight : 0)};
}
"""

CLEAR = """
indices => {
  const highlight = new Highlight();
  for (const element of window.__cleared || []) {
    if (element.before === null) element.element.removeAttribute('style');
    else element.element.setAttribute('style', element.before);
  }
  window.__cleared = [];
  for (const index of indices) {
    const one = window.__ranges[index];
    if (one instanceof Range) highlight.add(one);
    else {
      window.__cleared.push({element: one, before: one.getAttribute('style')});
      for (const name of ['color', '-webkit-text-fill-color', 'caret-color'])
        one.style.setProperty(name, 'transparent', 'important');
      one.style.setProperty('text-shadow', 'none', 'important');
      if (one instanceof SVGElement) one.style.setProperty('fill', 'transparent', 'important');
      if (getComputedStyle(one).webkitBackgroundClip === 'text')
        one.style.setProperty('background', 'none', 'important');
      one.style.setProperty('transition', 'none', 'important');
    }
  }
  CSS.highlights.set('cleared', highlight);
}
"""

ADOPT = """
() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`::highlight(cleared) {
    color: transparent; -webkit-text-fill-color: transparent; -webkit-text-stroke-color: transparent;
    text-shadow: none; text-decoration: none; background-color: transparent; }`);
  document.adoptedStyleSheets = [sheet];
}
"""
