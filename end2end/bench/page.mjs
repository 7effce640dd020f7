// Measures how long a customer's message takes from the desk's answer 200 to Ada's webhook until it stands in the agent's page.
// Usage: node page.mjs DESK SANDBOX EMAIL PASSWORD COUNT. Prints one line of JSON: microseconds, one number per message.
import { chromium } from '@playwright/test';

const [desk, sandbox, email, password, count] = process.argv.slice(2);
const ask = async (path, body) => {
    const init = body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const answer = await fetch(sandbox + path, init);
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json();
};

const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
try {
    const page = await browser.newPage();
    await page.goto(`${desk}/login`);
    await page.locator('html[data-hydrated]').waitFor();
    await page.getByRole('textbox', { name: 'Email' }).fill(email);
    await page.getByRole('textbox', { name: 'Password' }).fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.locator('body[data-connection=live]').waitFor();

    const { conversation_id: id } = await ask('/sandbox/conversations', { name: 'Bench Mark' });
    await ask(`/sandbox/conversations/${id}/ask-person`, {});
    await page.getByRole('region', { name: 'Queue' }).getByRole('listitem').filter({ hasText: 'Bench Mark' }).getByRole('button', { name: 'Accept' }).click();
    await page.getByRole('textbox', { name: 'Reply' }).waitFor();
    // When each message came into the page, by its text.
    await page.evaluate(() => {
        window.cameAt = {};
        const look = () => {
            for (const article of document.querySelectorAll('article[data-author=end_user]')) {
                const mark = /measure-\d+/.exec(article.textContent)?.[0];
                if (mark && !(mark in window.cameAt)) window.cameAt[mark] = (performance.timeOrigin + performance.now()) * 1000;
            }
        };
        new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
    });

    const said = {};
    for (let i = 0; i < Number(count); i += 1) {
        const mark = `measure-${i}`;
        said[mark] = (await ask(`/sandbox/conversations/${id}/say`, { text: mark })).message_id;
        await page.waitForFunction((mark) => mark in window.cameAt, mark, { polling: 'raf' });
    }
    const cameAt = await page.evaluate(() => window.cameAt);
    const { deliveries } = await ask(`/sandbox/deliveries?conversation_id=${id}&type=v1.conversation.message&limit=100000`);
    const answeredAt = new Map(deliveries.map((delivery) => [delivery.message_id, delivery.delivered_at_us]));
    const waits = Object.entries(said).map(([mark, message]) => {
        if (!answeredAt.get(message)) throw new Error(`${mark} was shown, but its webhook was not answered`);
        return Math.round(cameAt[mark] - answeredAt.get(message));
    });
    console.log(JSON.stringify(waits));
} finally {
    await browser.close();
}
