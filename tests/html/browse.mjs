// SPDX-License-Identifier: MIT
//
// browse.mjs NPM CHROMIUM DIR - looks at the pages DIR/NAME.html in a headless browser; prints a line for each test.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [npm, chromium, dir] = process.argv.slice(2);
const require = createRequire(pathToFileURL(npm + '/').href);
const puppeteer = require('puppeteer-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
// Whatever takes longer hangs; a busy machine may need much of it.
const HANGS = 120000;
const browser = await puppeteer.launch({ executablePath: chromium, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'], timeout: HANGS,
	protocolTimeout: 2 * HANGS });
let failed = 0;

async function test(name, body) {
	try {
		await body();
		console.log('ok ' + name);
	} catch (e) {
		failed = 1;
		console.log('not ok ' + name + ': ' + String(e.message).replace(/\s+/g, ' ').slice(0, 700));
	}
}

function equal(a, b, what) {
	if (JSON.stringify(a) !== JSON.stringify(b)) throw new Error(what + ': ' + JSON.stringify(a) + ' is not ' + JSON.stringify(b));
}

// A page, watched: each request but that of the file itself, each message of the console and each error is kept.
async function open(name, { width = 1280, height = 900, theme = 'light', script = true, hash = '' } = {}) {
	const page = await browser.newPage(), seen = { requests: [], messages: [] };
	const address = pathToFileURL(dir + '/' + name + '.html').href;

	page.setDefaultTimeout(HANGS);
	page.on('request', r => { if (r.url().split('#')[0] !== address && !r.url().startsWith('data:')) seen.requests.push(r.url()); });
	page.on('console', m => seen.messages.push(m.text()));
	page.on('pageerror', e => seen.messages.push(e.message));
	page.on('dialog', d => { seen.messages.push('dialog'); d.dismiss(); });
	await page.setViewport({ width, height });
	await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: theme }]);
	await page.setJavaScriptEnabled(script);
	await page.goto(address + hash, { waitUntil: 'load' });
	if (script) await page.waitForFunction(() => document.documentElement.dataset.ready);
	return { page, seen };
}

async function with_page(name, how, body) {
	const { page, seen } = await open(name, how);

	try {
		return await body(page, seen);
	} finally {
		await page.close();
	}
}

const open_all = page => page.evaluate(() => {
	for (const d of document.querySelectorAll('#list > details')) { d.firstElementChild.click(); if (!d.open) d.firstElementChild.click(); }
	for (const d of document.querySelectorAll('#list details details')) d.open = true;
});
const shown = page => page.evaluate(() => [...document.querySelectorAll('#list > details')].filter(d => !d.hidden).length);
const idle = page => page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))));
const count = (page, text) => page.waitForFunction(t => document.getElementById('count').textContent === t, {}, text);
// A search begins when nothing has been typed for a moment, which may be in the middle of a word: it is over when the address has all of it.
const searched = (page, query) => page.waitForFunction(h => location.hash === h, {}, query && '#q=' + query);
// Processor seconds of the browser's processes so far: what a step costs, however busy the machine is.
const system = await browser.target().createCDPSession();
const cost = async () => (await system.send('SystemInfo.getProcessInfo')).processInfo.reduce((sum, p) => sum + p.cpuTime, 0);

for (const theme of ['light', 'dark']) {
	await test('axe_finds_nothing_in_the_' + theme + '_theme', async () => {
		for (const [name, width] of [['sample', 1280], ['sample', 320], ['empty', 1280], ['nothing', 1280], ['hostile', 1280]]) {
			await with_page(name, { theme, width }, async page => {
				await open_all(page);
				// Run by the tool's own means: the page's policy lets no other script in.
				const found = await page.evaluate(axe + '; axe.run(document, { resultTypes: ["violations"], iframes: false })' +
					'.then(r => r.violations.map(v => v.id + ": " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 120)).join(" | ")))');
				equal(found, [], name + ' at ' + width);
			});
		}
	});
}

await test('axe_would_notice', async () => {
	await with_page('sample', {}, async page => {
		await page.evaluate(() => document.querySelector('#theme').removeAttribute('aria-label') || (document.querySelector('#theme').textContent = ''));
		const found = await page.evaluate(axe + '; axe.run().then(r => r.violations.map(v => v.id))');
		equal(found, ['button-name'], 'violations');
	});
});

await test('no_request_leaves_the_page_and_nothing_is_complained_of', async () => {
	for (const name of ['sample', 'empty', 'nothing', 'hostile']) {
		await with_page(name, {}, async (page, seen) => {
			await open_all(page);
			await idle(page);
			equal(seen, { requests: [], messages: [] }, name);
		});
	}
});

await test('the_policy_refuses_the_network_and_other_scripts', async () => {
	await with_page('sample', {}, async (page, seen) => {
		const got = await page.evaluate(async () => {
			const s = document.createElement('script');
			s.textContent = 'window.broken = 1';
			document.body.append(s);
			document.body.insertAdjacentHTML('beforeend', '<b id="x" onclick="window.broken = 1">x</b>');
			document.getElementById('x').click();
			const fetched = await fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused');
			return [window.broken === undefined, fetched];
		});
		equal(got, [true, 'refused'], 'results');
		// The messages come by themselves, perhaps after the results.
		const told = () => seen.messages.filter(m => m.includes('Content Security Policy')).length;
		for (const end = performance.now() + HANGS; told() < 3 && performance.now() < end;) await idle(page);
		if (told() < 3) throw new Error('policy said: ' + seen.messages.join(' | '));
		equal(seen.requests, [], 'requests');
	});
});

await test('hostile_names_run_no_script_and_add_no_element', async () => {
	for (const script of [true, false]) {
		await with_page('hostile', { script }, async (page, seen) => {
			if (script) {
				await open_all(page);
				await page.type('#q', 'script');
				await idle(page);
			}
			const got = await page.evaluate(() => ({
				broken: window.broken === undefined, scripts: document.scripts.length,
				odd: [...document.querySelectorAll('img, iframe, object, embed, link:not([rel=icon]), base, [onclick], [onload], [onerror], [onfocus], [autofocus]')].length,
				text: document.body.textContent.includes('</script><script>window.broken=1</script>'),
				turned: /[\u202a-\u202e\u2066-\u2069\u2028\u2029]/.test(document.documentElement.outerHTML),
			}));
			equal(got, { broken: true, scripts: 1, odd: 0, text: true, turned: false }, script ? 'with scripts' : 'without');
			equal(seen, { requests: [], messages: [] }, 'seen');
		});
	}
});

await test('nothing_is_wider_than_the_page_at_any_width', async () => {
	for (const name of ['sample', 'empty', 'nothing', 'hostile']) {
		for (const width of [320, 390, 768, 1280]) {
			await with_page(name, { width, height: 700 }, async page => {
				await open_all(page);
				const got = await page.evaluate(() => document.documentElement.scrollWidth);
				equal(got, width, name + ' at ' + width);
			});
		}
	}
});

await test('stacks_lie_side_by_side_or_one_below_the_other', async () => {
	for (const [width, beside] of [[1280, true], [320, false]]) {
		await with_page('sample', { width }, async page => {
			await open_all(page);
			const got = await page.evaluate(() => {
				const [a, b] = [...document.querySelectorAll('#list > details .side')].map(s => s.getBoundingClientRect());
				return [a.top === b.top, a.bottom <= b.top];
			});
			equal(got, [beside, !beside], String(width));
		});
	}
});

await test('without_scripts_every_finding_can_be_read', async () => {
	await with_page('sample', { script: false }, async page => {
		const summaries = await page.$$('#list > details > summary');
		equal(summaries.length, 2, 'findings');
		for (const s of summaries) {
			await s.click();
			const got = await s.evaluate(e => {
				const d = e.parentElement;
				return { open: d.open, high: d.querySelector('.side').getBoundingClientRect().height > 50, sides: d.querySelectorAll('.side').length, text: d.innerText };
			});
			equal([got.open, got.high, got.sides], [true, true, 2], 'finding');
			for (const word of ['g_hash_table_lookup()', 'cache.c:31', 'look here', '8,200 ns', 'Usual lock']) {
				if (!got.text.includes(word)) throw new Error(word + ' is missing');
			}
		}
		equal(await page.evaluate(() => [...document.querySelectorAll('.only-js')].some(e => e.offsetParent)), false, 'controls that would do nothing');
	});
});

await test('search_filters_and_address_go_together', async () => {
	await with_page('sample', {}, async page => {
		await page.keyboard.press('/');
		await page.keyboard.type('cache_drop');
		await searched(page, 'cache_drop');
		await count(page, '1 of 2');
		equal(await shown(page), 1, 'shown');
		await page.keyboard.press('Escape');
		await page.keyboard.press('Escape');
		await count(page, '2 findings');
		await searched(page, '');
		await page.click('#chips button[data-v="likely"]');
		await count(page, '1 of 2');
		equal(await page.$eval('#chips button[data-v="likely"]', b => b.getAttribute('aria-pressed')), 'true', 'pressed');
		await page.type('#q', 'nowhere to be found');
		await count(page, '0 of 2');
		equal(await page.$eval('#none', e => e.hidden), false, 'the note');
		await page.click('#clear2');
		await count(page, '2 findings');
	});
	// In a closed finding's inside, in the text of entities, and by several words
	for (const [query, n] of [['clone3', 2], ['"bob"', 2], ['WORKER-1 reload', 2], ['"session cache"', 1]]) {
		await with_page('sample', { hash: '#q=' + encodeURIComponent(query) }, async page => {
			equal([query, await shown(page)], [query, n], 'shown');
		});
	}
});

await test('a_link_goes_to_its_finding', async () => {
	const id = await with_page('sample', {}, page => page.$$eval('#list > details', l => l[1].id));

	equal(/^[0-9a-f]{32}$/.test(id), true, 'id ' + id);
	for (const hash of ['#' + id, '#' + id.slice(0, 8), '#q=cache&open=' + id]) {
		await with_page('sample', { hash }, async page => {
			await idle(page); // the page goes there once more when it has been loaded
			equal(await page.evaluate(() => [...document.querySelectorAll('#list > details')].map(d => d.open)), [false, true], hash);
			equal(await page.evaluate(() => document.activeElement.parentElement.id), id, 'focus');
		});
	}
});

await test('keys_walk_open_and_close', async () => {
	await with_page('sample', {}, async page => {
		const at = () => page.evaluate(() => [...document.querySelectorAll('#list > details')].findIndex(d => d.firstElementChild === document.activeElement));
		const opened = () => page.evaluate(() => [...document.querySelectorAll('#list > details')].map(d => d.open));

		for (const [key, where, what] of [['j', 0, [false, false]], ['j', 1, [false, false]], ['j', 1, [false, false]], ['k', 0, [false, false]], ['Enter', 0, [true, false]],
			['ArrowLeft', 0, [false, false]], ['ArrowRight', 0, [true, false]]]) {
			await page.keyboard.press(key);
			equal([key, await at(), await opened()], [key, where, what], 'after the key');
		}
		await page.keyboard.press('?');
		equal(await page.$eval('#keys', d => d.open), true, 'help');
		await page.keyboard.press('Escape');
		equal(await page.$eval('#keys', d => d.open), false, 'help');
	});
});

await test('the_theme_can_be_chosen', async () => {
	await with_page('sample', { theme: 'light' }, async page => {
		const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
		const light = await ground();

		await page.click('#theme');
		equal([await page.$eval('#theme', b => b.textContent), await ground()], ['Light', light], 'first');
		await page.click('#theme');
		equal(await page.$eval('#theme', b => b.textContent), 'Dark', 'second');
		equal(await ground() !== light, true, 'ground changes');
		await page.click('#theme');
		equal([await page.$eval('#theme', b => b.textContent), await ground()], ['Auto', light], 'third');
	});
});

await test('buttons_copy_what_they_say', async () => {
	await with_page('sample', {}, async page => {
		await page.evaluate(() => {
			window.copied = [];
			Object.defineProperty(navigator, 'clipboard', { value: { writeText: async t => { window.copied.push(t); } } });
		});
		await page.click('#list > details > summary');
		const id = await page.$eval('#list > details', d => d.id);

		for (const b of await page.$$('#list > details[open] .acts button')) await b.click();
		await page.click('#list > details[open] .fr.user .copy');
		const got = await page.evaluate(() => window.copied);
		equal([got.length, got[0], got[1], got[2].startsWith('==================\nWARNING: DATA RACE\n'), got[3].endsWith('.html#' + id), got[4]],
			[5, 'race:^cache_drop$', id, true, true, '/src/cache.c:42'], 'copied');
	});
});

await test('print_shows_every_finding_without_controls', async () => {
	await with_page('sample', {}, async page => {
		await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
		await page.emulateMediaType('print');
		const got = await page.evaluate(() => [[...document.querySelectorAll('#list > details')].every(d => d.open && d.querySelector('.side')),
			document.querySelector('#bar').offsetParent === null, document.querySelector('.acts').offsetParent === null]);
		equal(got, [true, true, true], 'print');
		if ((await page.pdf({ timeout: HANGS })).length < 10000) throw new Error('the PDF is empty');
	});
});

await test('an_empty_run_says_what_was_checked', async () => {
	await with_page('empty', {}, async page => {
		const text = await page.evaluate(() => document.body.innerText);
		for (const word of ['Pass', 'No race was found', '1 process', 'prog', 'race check PROGRAM']) if (!text.includes(word)) throw new Error(word + ' is missing');
		equal(await page.$eval('#bar', e => e.offsetParent), null, 'a search in nothing');
	});
	await with_page('nothing', {}, async page => {
		const text = await page.evaluate(() => document.body.innerText);
		for (const word of ['Nothing checked', '--require']) if (!text.includes(word)) throw new Error(word + ' is missing');
		if (text.includes('Pass')) throw new Error('it says Pass');
	});
});

await test('five_thousand_findings_stay_usable', async () => {
	const before = await cost();

	await with_page('many', {}, async (page, seen) => {
		const t = { load: await cost() - before };

		equal(await shown(page), 5000, 'findings');
		const timed = async (name, body) => { const from = await cost(); await body(); t[name] = await cost() - from; };
		await timed('search', async () => { await page.type('#q', 'put_04321'); await searched(page, 'put_04321'); await count(page, '1 of 5000'); });
		await timed('again', async () => { await page.$eval('#q', q => q.select()); await page.type('#q', 'put_01234'); await searched(page, 'put_01234'); await count(page, '1 of 5000'); });
		await timed('open', async () => { await page.keyboard.press('Enter'); await page.keyboard.press('Enter'); await page.waitForSelector('#list > details[open] .side'); });
		await timed('clear', async () => { await page.keyboard.press('Escape'); await count(page, '5000 findings'); await idle(page); });
		const nodes = await page.evaluate(() => document.querySelectorAll('*').length);
		const heap = Math.round((await page.metrics()).JSHeapUsedSize / 1048576);

		console.error(`5,000 findings, processor seconds: ${JSON.stringify(t)}, ${nodes} elements, ${heap} MiB heap`);
		if (t.load > 15 || t.search > 10 || t.again > 5 || t.open > 3 || t.clear > 5) throw new Error(JSON.stringify(t));
		equal(seen.messages, [], 'messages');
	});
});

await browser.close();
process.exit(failed);
