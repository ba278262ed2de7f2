"""The report in a real browser: its table sorts, its filter filters, its charts can be read."""

from __future__ import annotations

import shutil

import pytest
from suite_records import crashed, record, write_results

from hbpspmv.suite.report.output import write_report

pytest.importorskip("selenium", reason="selenium is not installed: pip install selenium")

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,900",
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("no Chromium with its driver (Debian: chromium chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    profile = tmp_path_factory.mktemp("profile")
    for option in (*OPTIONS, f"--user-data-dir={profile}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    try:
        browser = webdriver.Chrome(options=options, service=Service(driver))
    except WebDriverException as error:
        pytest.skip(f"{program} does not start: {error.msg}")
    yield browser
    browser.quit()


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("out")
    cells = [
        *(record("beta", c, t) for c, t in (("hbp", 20.0), ("mkl", 80.0), ("scipy", 100.0))),
        *(record("alpha", c, t) for c, t in (("hbp", 70.0), ("mkl", 40.0), ("scipy", 100.0))),
        record("gamma", "hbp", 10.0),
        crashed("gamma", "mkl"),
        record("gamma", "scipy", 100.0),
    ]
    write_report(write_results(folder, *cells))
    return folder / "report.html"


@pytest.fixture
def page(browser, report):
    browser.get(report.as_uri())
    return browser


def heading(page, words):
    heads = page.find_elements(By.CSS_SELECTOR, "#results thead th")
    return next(h for h in heads if h.text.split(" ↕")[0].rstrip(" ↓↑") == words)


def column(page, words):
    """The texts of a column, from top to bottom, as they can be seen."""
    heads = page.find_elements(By.CSS_SELECTOR, "#results thead th")
    at = [h.text.rstrip(" ↓↑↕") for h in heads].index(words)
    rows = page.find_elements(By.CSS_SELECTOR, "#results tbody tr")
    return [
        row.find_elements(By.CSS_SELECTOR, "th, td")[at].text for row in rows if row.is_displayed()
    ]


def test_a_click_on_a_heading_sorts_the_table_and_a_second_one_turns_it_around(page):
    assert column(page, "matrix") == ["gamma", "beta", "alpha"]  # by the ratio to the best peer
    assert heading(page, "× best").get_attribute("aria-sort") == "descending"
    button = heading(page, "matrix").find_element(By.TAG_NAME, "button")
    button.click()
    assert column(page, "matrix") == ["alpha", "beta", "gamma"]
    assert heading(page, "matrix").get_attribute("aria-sort") == "ascending"
    assert heading(page, "× best").get_attribute("aria-sort") is None
    button.click()
    assert column(page, "matrix") == ["gamma", "beta", "alpha"]


def test_numbers_sort_as_numbers_and_missing_ones_stay_at_the_end(page):
    heading(page, "oneMKL").find_element(By.TAG_NAME, "button").click()
    assert column(page, "oneMKL") == ["0.25", "0.12", "crashed"]
    heading(page, "oneMKL").find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
    assert column(page, "oneMKL") == ["0.12", "0.25", "crashed"]
    heading(page, "break-even").find_element(By.TAG_NAME, "button").click()
    assert column(page, "break-even") == ["13.3", "5", "4.44"]  # as texts: 5, 4.44, 13.3


def test_the_filter_keeps_what_it_names(page):
    field = page.find_element(By.ID, "filter")
    field.send_keys("ALPH")
    assert column(page, "matrix") == ["alpha"]
    assert page.find_element(By.ID, "count").text == "1 of 3 matrices"
    field.clear()
    field.send_keys("some kind")
    assert len(column(page, "matrix")) == 3


def test_a_contender_can_be_taken_out_of_charts_and_table(page):
    marks = page.find_elements(By.CSS_SELECTOR, "#size .mark.s1")
    assert len(marks) == 2
    assert all(mark.is_displayed() for mark in marks)
    page.find_element(By.CSS_SELECTOR, "input[data-series='1']").click()
    assert not any(mark.is_displayed() for mark in marks)
    assert page.find_element(By.CSS_SELECTOR, "#size .mark.s0").is_displayed()


def test_points_tell_their_figures_to_mouse_and_keyboard(page):
    tip = page.find_element(By.ID, "tip")
    assert not tip.is_displayed()
    chart = page.find_element(By.CSS_SELECTOR, "#ratios svg")
    chart.send_keys(Keys.ARROW_DOWN)
    assert tip.is_displayed()
    assert tip.text.splitlines()[0].startswith("gamma")
    chart.send_keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    assert "beta" in tip.text
    chart.send_keys(Keys.ESCAPE)
    assert not tip.is_displayed()
    mark = page.find_element(By.CSS_SELECTOR, "#roofline .mark")
    webdriver.ActionChains(page).move_to_element(mark).perform()
    assert "GB/s" in tip.text


def test_light_and_dark_can_both_be_read(page):
    seen = set()
    for _ in range(2):
        page.find_element(By.ID, "theme").click()
        body = page.find_element(By.TAG_NAME, "body")
        colours = [body.value_of_css_property(name) for name in ("color", "background-color")]
        text, ground = (sum(map(int, c[c.index("(") + 1 : -1].split(",")[:3])) for c in colours)
        assert abs(text - ground) > 400
        seen.add(ground)
    assert len(seen) == 2


def test_the_page_fits_its_window_and_reports_no_error(page):
    width, shown = page.execute_script(
        "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert width <= shown
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []
    # Nothing was asked of any server.
    assert page.execute_script("return performance.getEntriesByType('resource').length") == 0
