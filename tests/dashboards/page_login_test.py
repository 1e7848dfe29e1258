#!/usr/bin/env python3
"""How a reader of the built-in page logs in, by a form or a link, stays where they were, and sees what they may do.

usage: page_login_test.py OFSWEEP CHROMIUM
"""

from chromium import expect
from live_page import SWEEP, LivePageTest, main


class PageLoginTest(LivePageTest):
    def setUp(self):
        super().setUp()
        self.page.context.clear_cookies()

    def tearDown(self):
        # The browser reports these answers by itself.
        self.complaints = [said for said in self.complaints if not any(f"status of {code}" in said for code in (401, 403))]
        super().tearDown()

    def token(self, name: str, role: str) -> str:
        return self.stack.command("token", "make", name, "--role", role).strip()

    def fill_in(self, token: str):
        self.page.get_by_label("Token").fill(token)
        self.page.get_by_role("button", name="Log in").click()

    def test_the_form_says_what_is_wrong_and_leads_where_one_was(self):
        self.visit(f"sweeps/{SWEEP}/table")
        self.wait_for_text("access-token")
        self.fill_in("ofsweep_wrong")
        expect(self.page.get_by_role("alert")).to_contain_text("none of this coordinator's")
        self.fill_in(self.stack.token())
        expect(self.page.locator(".grid-card").first).to_be_visible()
        self.assertIn(f"#/sweeps/{SWEEP}/table", self.page.url)
        expect(self.page.locator(".who")).to_contain_text("local (admin)")
        self.assertEqual(self.page.evaluate("document.cookie"), "")

    def test_a_link_logs_in_once_and_its_code_is_not_kept(self):
        link = self.stack.command("login").strip()
        self.page.goto(link)
        self.wait_for(".sweeps > li", 1)
        self.assertNotIn("login", self.page.url)
        self.page.context.clear_cookies()
        self.page.goto("about:blank")
        self.page.goto(link)
        expect(self.page.get_by_role("alert")).to_contain_text("used before")

    def test_logging_out_leads_to_the_form(self):
        self.visit("fleet")
        self.fill_in(self.stack.token())
        self.wait_for(".workers > li", 1)
        self.page.get_by_role("button", name="Log out").click()
        expect(self.page.get_by_label("Token")).to_be_visible()
        self.visit("fleet")
        expect(self.page.get_by_label("Token")).to_be_visible()

    def test_a_session_that_ends_leads_to_the_form_and_back(self):
        first, second = self.token("ada", "read"), self.token("bob", "read")
        self.visit(f"sweeps/{SWEEP}/trials")
        self.fill_in(first)
        expect(self.page.locator("tbody tr").first).to_be_visible()
        self.stack.command("token", "revoke", "ada")
        self.page.get_by_role("link", name="table").click()
        self.wait_for_text("not logged in any more")
        self.fill_in(second)
        expect(self.page.locator(".grid-card").first).to_be_visible()
        expect(self.page.locator(".who")).to_contain_text("bob (read)")

    def test_who_may_not_change_a_sweep_has_no_buttons_for_it(self):
        self.visit(f"sweeps/{SWEEP}/table")
        self.fill_in(self.token("reader", "read"))
        self.wait_for_text("needs the role submit")
        self.wait_for(".actions", 0)
        self.page.get_by_role("button", name="Log out").click()
        self.fill_in(self.token("carol", "submit"))
        self.wait_for_text("local or an admin changes this sweep")
        self.wait_for_text("by local")
        self.page.get_by_role("button", name="Log out").click()
        self.fill_in(self.stack.token())
        self.wait_for(".actions", 1)


if __name__ == "__main__":
    main()
