"""Modules become one script that does the same; what the loader does not understand is a fault."""

import json
import shutil
import subprocess

import pytest

from bidder.web.joining import UnjoinableError, joined_script, joined_styles

MODULES = {
    "main.js": """// A comment.
import { first, second as other } from "./parts/part.js";
import * as whole from "./parts/part.js";
import { Thing } from "./thing.js";

/**
 * A long comment.
 */
const hidden = "main's own";
console.log(JSON.stringify([first, other(2), whole.renamed, new Thing().words(), hidden])); // a comment that stays
""",
    "parts/part.js": """import { Thing } from "../thing.js";
export const first = `1 // no comment`;
export function second(number) {
  return number * 2;
}
const hidden = "the part's own";
const renamed = new Thing().words().length;
export { renamed };
""",
    "thing.js": """export class Thing {
  words() { return "import nothing"; }
}
export async function later() {}
console.log("once");
""",
}


def test_joined_modules_do_what_modules_do_each_once_and_in_their_order() -> None:
    script = joined_script("main.js", MODULES.__getitem__)
    assert "A comment" not in script
    assert "long comment" not in script
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not there; tests/web runs the pages' own script in a browser")
    said = subprocess.run([node, "--input-type=module"], input=script, capture_output=True, text=True, check=True)
    once, found = said.stdout.splitlines()
    assert once == "once"
    assert json.loads(found) == ["1 // no comment", 4, 14, "import nothing", "main's own"]


@pytest.mark.parametrize(
    "text",
    [
        'import first from "./x.js";',
        "export default 1;\n",
        "export let changing = 1;\n",
        'export * from "./x.js";\n',
        "const long = `one\ntwo`;\n",
        'import { a } from "./main.js";\n',
    ],
)
def test_what_the_loader_does_not_understand_is_a_fault(text: str) -> None:
    with pytest.raises(UnjoinableError, match=r"main\.js"):
        joined_script("main.js", {"main.js": text, "x.js": ""}.__getitem__)


def test_styles_stand_in_their_order_without_comments() -> None:
    sheets = {"a.css": "/* one\n two */\na { b: c; }\n", "d.css": "d { e: f; } /* g */\n"}
    assert joined_styles(["a.css", "d.css"], sheets.__getitem__).strip() == "a { b: c; }\nd { e: f; }"
