/* SPDX-License-Identifier: MIT */
/*
 * The report page without this script is whole: each finding opens and can be read. The script adds search, filters, keys, copying,
 * and the theme.
 *
 * A finding's inside lies in a <noscript>: with scripts on, that is one piece of text to the browser, so that thousands cost little;
 * it is made into elements when the finding is opened. It holds escaped text only, and the page's policy runs no other script than this.
 */
'use strict';
(() => {
	const root = document.documentElement;
	const $ = id => document.getElementById(id);
	const keep = {
		get: () => { try { return localStorage.getItem('librace-theme'); } catch { return null; } },
		set: v => { try { v ? localStorage.setItem('librace-theme', v) : localStorage.removeItem('librace-theme'); } catch { /* a file may have no store */ } },
	};

	root.classList.add('js');
	const theme = to => {
		const name = { light: 'Light', dark: 'Dark' }[to] || 'Auto';

		if (name === 'Auto') delete root.dataset.theme; else root.dataset.theme = to;
		if ($('theme')) {
			$('theme').textContent = name;
			$('theme').setAttribute('aria-label', 'Colours: ' + (name === 'Auto' ? 'as the system says' : to));
		}
	};
	theme(keep.get());

	const start = () => {
		const list = $('list'), found = [...list.querySelectorAll(':scope > details')];
		const filters = { c: new Set(), k: '', m: '', p: '', t: '' };
		const facets = [['k', 'kind', 'kinds'], ['m', 'map', 'maps'], ['p', 'program', 'programs'], ['t', 'thread', 'threads']];
		let query = '', visible = found, said = 0;

		const next_theme = () => {
			const to = { light: 'dark', dark: '' }[root.dataset.theme || ''] ?? 'light';

			keep.set(to);
			theme(to);
		};
		const say = text => {
			clearTimeout(said);
			$('said').textContent = text;
			said = setTimeout(() => { $('said').textContent = ''; }, 2200);
		};
		const button = (text, label, act) => {
			const b = document.createElement('button');

			b.type = 'button';
			b.textContent = text;
			if (label) b.setAttribute('aria-label', label);
			b.addEventListener('click', act);
			return b;
		};

		/* ---- copying */
		const copy_by_hand = text => {
			const t = document.createElement('textarea');

			t.value = text;
			t.className = 'said';
			document.body.append(t);
			t.select();
			const done = document.execCommand('copy');
			t.remove();
			return done;
		};
		const copy = async (text, what) => {
			const had = document.activeElement;
			let done = true;

			try { await navigator.clipboard.writeText(text); } catch { done = copy_by_hand(text); had?.focus({ preventScroll: true }); }
			say(done ? what + ' copied' : 'The browser refused to copy');
		};

		/* ---- the inside of a finding */
		const fill = d => {
			const hidden = d.querySelector(':scope > .body > noscript');

			if (!hidden) return;
			const body = hidden.parentElement;

			body.innerHTML = hidden.textContent;
			for (const at of body.querySelectorAll('.src')) {
				const place = at.textContent, b = button('copy', 'Copy ' + place, () => copy(place, place));

				b.className = 'copy';
				at.append(b);
			}
			const acts = body.querySelector('.acts');

			for (const [of, text] of [['.suppress', 'Copy suppression'], ['.finger', 'Copy fingerprint'], ['.raw', 'Copy text report']]) {
				const from = body.querySelector(of);

				if (from) acts.append(button(text, '', () => copy(from.textContent, text.slice(5, 6).toUpperCase() + text.slice(6))));
			}
			acts.append(button('Copy link', '', () => copy(location.href.split('#')[0] + '#' + d.id, 'Link')));
		};

		/* ---- search: the text of all findings in lower case, made bit by bit while nothing else happens */
		const texts = [];
		const decoder = document.createElement('textarea');
		const text_of = i => {
			if (texts[i] === undefined) {
				const d = found[i], hidden = d.querySelector(':scope > .body > noscript');
				const inside = hidden ? hidden.textContent.replace(/<[^>]*>/g, ' ') : d.lastElementChild.textContent;

				if (hidden && inside.includes('&')) {
					decoder.innerHTML = inside;
					texts[i] = decoder.value;
				} else {
					texts[i] = inside;
				}
				texts[i] = (d.id + ' ' + d.firstElementChild.textContent + ' ' + texts[i]).toLowerCase().replace(/\s+/g, ' ');
			}
			return texts[i];
		};
		const prepare = (from, until) => {
			let i = from;

			while (i < found.length && until.timeRemaining() > 2) text_of(i++);
			if (i < found.length) requestIdleCallback(next => prepare(i, next));
		};
		if (window.requestIdleCallback) requestIdleCallback(until => prepare(0, until));

		const values = (d, key) => (d.dataset[key] || '').split('\n');
		const class_of = d => d.dataset.c || 'misuse';
		const apply = () => {
			const words = query.toLowerCase().split(/\s+/).filter(Boolean);

			visible = [];
			found.forEach((d, i) => {
				const shown = (!filters.c.size || filters.c.has(class_of(d))) && facets.every(([k]) => !filters[k] || values(d, k).includes(filters[k])) &&
					words.every(w => text_of(i).includes(w));

				if (d.hidden === shown) d.hidden = !shown;
				if (shown) visible.push(d);
			});
			const any = query.trim() || filters.c.size || facets.some(([k]) => filters[k]);

			$('count').textContent = visible.length === found.length ? found.length + (found.length === 1 ? ' finding' : ' findings') : visible.length + ' of ' + found.length;
			$('clear').hidden = !any;
			$('none').hidden = visible.length > 0 || found.length === 0;
			for (const b of $('chips').children) b.setAttribute('aria-pressed', String(filters.c.has(b.dataset.v)));
			for (const s of $('selects').querySelectorAll('select')) { s.value = filters[s.dataset.k]; s.classList.toggle('set', s.value !== ''); }
		};

		/* ---- the state is in the address: #ID of a finding, or #q=...&class=...&open=ID */
		let opened = '', written = null;
		const write = () => {
			const p = new URLSearchParams();

			if (query.trim()) p.set('q', query.trim());
			if (filters.c.size) p.set('class', [...filters.c].join(' '));
			for (const [k, name] of facets) if (filters[k]) p.set(name, filters[k]);
			const rest = p.toString();

			written = rest ? '#' + rest + (opened ? '&open=' + opened : '') : opened ? '#' + opened : '';
			history.replaceState(null, '', written || location.href.split('#')[0]);
		};
		const show = (d, where) => {
			fill(d);
			d.open = true;
			d.scrollIntoView({ block: where });
		};
		const read = () => {
			const hash = location.hash.slice(1);

			if (written !== null && location.hash === written) return;
			const p = new URLSearchParams(hash.includes('=') ? hash : '');

			query = p.get('q') || '';
			filters.c = new Set((p.get('class') || '').split(' ').filter(Boolean));
			for (const [k, name] of facets) filters[k] = p.get(name) || '';
			$('q').value = query;
			apply();
			const id = hash.includes('=') ? p.get('open') || '' : hash;
			const d = /^[0-9a-f]{4,32}$/.test(id) && found.find(x => x.id.startsWith(id));

			opened = d ? d.id : '';
			if (!d) return;
			const go = () => {
				show(d, 'start');
				d.firstElementChild.focus({ preventScroll: true });
			};

			/* The browser itself goes to the place when the page has been loaded: after that. */
			go();
			if (document.readyState !== 'complete') addEventListener('load', () => requestAnimationFrame(go), { once: true });
		};
		const clear = () => {
			query = $('q').value = '';
			filters.c.clear();
			for (const [k] of facets) filters[k] = '';
			apply();
			write();
		};

		/* ---- controls */
		const classes = new Map();

		for (const d of found) classes.set(class_of(d), (classes.get(class_of(d)) || 0) + 1);
		for (const [c, n] of classes) {
			const b = button(c + ' ', '', () => {
				if (!filters.c.delete(c)) filters.c.add(c);
				apply();
				write();
			}), count = document.createElement('b');

			count.textContent = n;
			b.append(count);
			b.dataset.v = c;
			$('chips').append(b);
		}
		$('chips').hidden = classes.size < 2;
		for (const [k, one, many] of facets) {
			const counts = new Map(), s = document.createElement('select');

			for (const d of found) for (const v of values(d, k)) if (v) counts.set(v, (counts.get(v) || 0) + 1);
			if (counts.size < 2) continue;
			s.dataset.k = k;
			s.setAttribute('aria-label', 'Only this ' + one);
			s.append(new Option('All ' + many, ''));
			for (const [v, n] of [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 500)) s.append(new Option(v + ' (' + n + ')', v));
			s.addEventListener('change', () => { filters[k] = s.value; apply(); write(); });
			$('selects').append(s);
		}
		let typed = 0;

		$('q').addEventListener('input', () => {
			clearTimeout(typed);
			typed = setTimeout(() => { query = $('q').value; apply(); write(); }, found.length > 500 ? 160 : 40);
		});
		$('clear').addEventListener('click', () => { clear(); $('q').focus(); });
		$('clear2').addEventListener('click', () => { clear(); $('q').focus(); });
		$('theme').addEventListener('click', next_theme);
		$('keys-button').addEventListener('click', () => $('keys').showModal());
		theme(keep.get());

		/* The click comes before the opening: filled by then, the page does not jump. */
		list.addEventListener('click', e => {
			const s = e.target.closest('summary');

			if (s && s.parentElement.parentElement === list) fill(s.parentElement);
		});
		list.addEventListener('toggle', e => {
			const d = e.target;

			if (d.parentElement !== list) return;
			if (d.open) {
				fill(d);
				opened = d.id;
			} else if (opened === d.id) {
				opened = '';
			}
			write();
		}, true);

		/* ---- keys */
		const current = () => visible.indexOf(document.activeElement?.closest?.('.list > details'));
		const move = by => {
			const at = current(), to = visible[at < 0 ? (by > 0 ? 0 : visible.length - 1) : Math.min(Math.max(at + by, 0), visible.length - 1)];

			if (!to) return;
			to.firstElementChild.focus({ preventScroll: true });
			to.firstElementChild.scrollIntoView({ block: 'nearest' });
		};
		document.addEventListener('keydown', e => {
			const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName) && e.target.type !== 'checkbox';
			const d = visible[current()];

			if (e.ctrlKey || e.metaKey || e.altKey || $('keys').open) return;
			if (e.key === 'Escape') {
				if (typing) e.target.blur(); else clear();
				return;
			}
			if (typing) {
				if (e.key === 'Enter' && e.target === $('q')) { query = $('q').value; apply(); write(); move(1); e.preventDefault(); }
				return;
			}
			if (e.key === '/') { $('q').focus(); $('q').select(); }
			else if (e.key === 'j') move(1);
			else if (e.key === 'k') move(-1);
			else if (e.key === 't') next_theme();
			else if (e.key === '?') $('keys').showModal();
			else if (e.key === 'ArrowRight' && d && e.target === d.firstElementChild) { fill(d); d.open = true; }
			else if (e.key === 'ArrowLeft' && d) { d.open = false; d.firstElementChild.focus({ preventScroll: true }); }
			else return;
			e.preventDefault();
		});

		/* What is shown is printed, all of it when that is not a book. */
		let shut = [];

		addEventListener('beforeprint', () => {
			shut = visible.length <= 200 ? visible.filter(d => !d.open) : [];
			for (const d of shut) { fill(d); d.open = true; }
		});
		addEventListener('afterprint', () => { for (const d of shut) d.open = false; shut = []; });
		addEventListener('hashchange', read);
		read();
		if (found.length === 1 && !location.hash) { fill(found[0]); found[0].open = true; }
		root.dataset.ready = '1';
	};

	if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start); else start();
})();
