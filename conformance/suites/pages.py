"""The pages of docs/clients show code that runs: each block is a region of a file that a suite of its client runs."""
from harness import pages
from harness.claims import Broken, claim, each, holds, same


@claim
def there_is_a_page_for_each_client():
    wanted = {"README", "boto3", "aws-cli", "curl", "dotnet", "encryption-sdk", "go", "java", "javascript", "libraries", "rust"}
    same(wanted - {page.stem for page in pages.pages()}, set(), "the clients without a page")


@claim
def the_first_page_leads_to_all_others():
    text = (pages.PAGES / "README.md").read_text()
    same([page.name for page in pages.pages() if page.stem != "README" and f"({page.name})" not in text], [], "pages without a link")


@each([(page.stem, page) for page in pages.pages()])
def every_block_of_code_is_from_a_file_that_runs(_name, page):
    for file, name, code in pages.blocks(page):
        if not file:
            raise Broken(f"a block does not say which file it is from:\n{code}")
        holds((pages.ROOT / file).is_relative_to(pages.ROOT / "conformance"), f"{file} is not run by any suite")
        same(code, pages.region(file, name), f"the code of {file}#{name} on {page.name}")
    holds(page.stem == "README" or pages.blocks(page), "the page shows no code")
