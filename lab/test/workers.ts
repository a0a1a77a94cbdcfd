import type { Page } from 'playwright-core';

/** Lets code run first in each worker that a page of the built lab starts. */
export async function beforeWorkers(page: Page, code: string): Promise<void> {
  await page.route('**/worker-*.js', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${code};${await response.text()}` });
  });
}
