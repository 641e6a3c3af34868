"""Reading a bundle: everything that is wrong, at once, with file, line and a suggestion."""

from collections.abc import Callable
from typing import Any

import pytest

from boathouse.bundles import find_root
from boathouse.foundation.errors import InvalidInput, NotFound

Make = Callable[..., Any]
NAMED = """\
bundle:
  name: flights
"""


def with_task(text: str) -> str:
    return f"""\
bundle: {{name: flights}}
resources:
  jobs:
    train:
      tasks:
        - task_key: main
          {text}
"""


def test_a_bundle_is_read_with_its_included_files(bundle: Make) -> None:
    # given
    folder = bundle(
        NAMED + "include: [resources/*.yml]\nvariables: {catalog: {default: dev}}\n",
        **{
            "resources/data.yml": "resources: {schemas: {main: {catalog_name: '${var.catalog}', name: flights}}}",
            "resources/more.yml": "resources: {schemas: {extra: {catalog_name: dev, name: extra}}}",
        },
    )

    # then
    assert folder.payload("schemas.main") == {"catalog_name": "dev", "name": "flights"}
    assert folder.payload("schemas.extra") == {"catalog_name": "dev", "name": "extra"}


def test_all_errors_are_told_at_once(bundle: Make) -> None:
    folder = bundle(
        """\
        bundle:
          name: flights
          nam: x
        include: [resources/*.yml]
        variables:
          catalog: {}
        resources:
          schemas:
            main: {catalog_name: dev, name: flights, coment: x}
            other: {catalog_name: dev, name: "${var.catalgo}"}
          jobbs: {}
        """,
        **{
            "resources/a.yml": "resources:\n  volumes:\n    raw: {catalog_name: dev, name: raw}\n",
            "resources/b.yml": "resources:\n  volumes: [\n",
        },
    )
    assert folder.errors() == [
        "databricks.yml:3: bundle.nam: unknown field 'nam'. Did you mean name?",
        (
            "databricks.yml:6: the variable catalog has no value. Give it a default, a value in the target, "
            '--var="catalog=..." or BUNDLE_VAR_catalog.'
        ),
        "databricks.yml:9: resources.schemas.main.coment: unknown field 'coment'. Did you mean comment?",
        "databricks.yml:10: There is no variable 'catalgo'. Did you mean catalog?",
        "databricks.yml:11: there is no kind of resource 'jobbs'. Did you mean jobs?",
        "resources/a.yml:3: resources.volumes.raw.schema_name: this field is required.",
        "resources/b.yml:3: not valid YAML: expected the node content, but found '<stream end>'.",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bundle: {name: [1]}", "databricks.yml:1: bundle.name: Input should be a valid string"),
        ("bundle: {name: a/b}", "databricks.yml:1: bundle.name: 'a/b' cannot be the name"),
        ("bundle: {name: ..}", "databricks.yml:1: bundle.name: '..' cannot be the name"),
        ("resources: {}", "databricks.yml:1: bundle: this field is required."),
        ("- 1\n- 2", "databricks.yml:1: a mapping is expected at the top of the file."),
        ("bundle: {name: a}\nbundle: {name: b}", "databricks.yml:2: the key 'bundle' stands here for the second time"),
        ("bundle: {name: a}\ninclude: [../x.yml]", "databricks.yml:2: include: '../x.yml' leads out"),
        ("bundle: {name: a}\ninclude: ['']", "databricks.yml:2: include: '' is no pattern of files."),
        ("bundle: {name: a}\ninclude: [.]", "databricks.yml:2: include: '.' is no pattern of files."),
        ("bundle: {name: a}\ninclude: [a**b]", "databricks.yml:2: include: 'a**b' is no pattern of files."),
        (
            "bundle: {name: a}\nvariabls: {}",
            "databricks.yml:2: variabls: unknown field 'variabls'. Did you mean variables?",
        ),
        ("bundle: {name: a}\ntargets: {dev: {mode: fast}}", "databricks.yml:2: targets.dev.mode: Input should be"),
        ("bundle: {name: a}\nrun_as: {}", "databricks.yml:2: run_as: exactly one of user_name"),
    ],
)
def test_a_wrong_document_says_where(bundle: Make, text: str, expected: str) -> None:
    assert any(error.startswith(expected) for error in bundle(text).errors()), bundle(text).errors()


def test_bytes_that_are_not_text_are_refused(bundle: Make) -> None:
    folder = bundle(NAMED + "include: [x.yml]")
    (folder.root / "x.yml").write_bytes(b"\xff\xfe\x00")
    assert folder.errors()[0].startswith("x.yml:1: ")


def test_one_resource_in_two_files_is_an_error_that_names_both(bundle: Make) -> None:
    folder = bundle(
        NAMED + "include: [more.yml]\nresources:\n  schemas:\n    main: {catalog_name: dev, name: a}\n",
        **{"more.yml": "resources:\n  schemas:\n    main: {catalog_name: dev, name: b}\n"},
    )
    assert folder.errors() == ["more.yml:3: resources.schemas.main is defined twice (first in databricks.yml:6)."]


def test_two_resources_with_one_name_are_refused(bundle: Make) -> None:
    folder = bundle(
        NAMED
        + """\
resources:
  schemas:
    one: {catalog_name: dev, name: flights}
    two: {catalog_name: DEV, name: Flights}
"""
    )
    assert folder.errors() == [
        "databricks.yml:6: resources.schemas.two: another schema is named 'dev.flights' (databricks.yml:5)."
    ]


def test_what_is_known_but_not_acted_on_is_listed(bundle: Make) -> None:
    folder = bundle(
        """\
        bundle: {name: flights}
        experimental: {x: 1}
        workspace: {profile: mine, root_path: /x}
        resources:
          pipelines:
            etl: {name: etl}
          schemas:
            main: {catalog_name: dev, name: flights, storage_root: /x}
        """,
        **{"boathouse.yml": "models: {}"},
    )
    assert folder.remarks() == [
        "databricks.yml:2: experimental is not acted on.",
        "databricks.yml:3: workspace.profile is not acted on.",
        "databricks.yml:3: workspace.root_path is not acted on.",
        "databricks.yml:6: resources.pipelines.etl: pipelines are not deployed yet.",
        "databricks.yml:8: resources.schemas.main.storage_root is not acted on.",
    ]


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ("spark_python_task: {python_file: nothing.py}", "the file nothing.py does not exist."),
        (
            "spark_python_task: {python_file: ../outside.py}",
            "the path '../outside.py' leads out of the bundle's folder.",
        ),
        ("spark_python_task: {python_file: man.py}", "the file man.py does not exist. Did you mean main.py?"),
        ("spark_python_task: {python_file: main.py}\n          depends_on: [{task_key: mian}]", "mian"),
        (
            "spark_python_task: {python_file: main.py}\n          max_retries: many",
            "max_retries: a number is needed, and this is a text",
        ),
        ("spark_python_task: {python_fil: main.py}", "Did you mean python_file?"),
        ("notebook_task: {notebook_path: main.py, base_parameters: {a: '{{job.parameters.b}}'}}", "'b'"),
        (
            "libraries: [{whl: dist/*.whl}]\n          spark_python_task: {python_file: main.py}",
            "no file matches dist/*.whl",
        ),
    ],
)
def test_a_wrong_task_says_what_and_where(bundle: Make, task: str, expected: str) -> None:
    errors = bundle(with_task(task), **{"main.py": ""}).errors()
    assert any(expected in error and error.startswith("databricks.yml:") for error in errors), errors


def test_a_cyclic_graph_is_refused(bundle: Make) -> None:
    folder = bundle(
        """\
        bundle: {name: flights}
        resources:
          jobs:
            train:
              tasks:
                - {task_key: a, depends_on: [{task_key: b}], spark_python_task: {python_file: main.py}}
                - {task_key: b, depends_on: [{task_key: a}], spark_python_task: {python_file: main.py}}
        """,
        **{"main.py": ""},
    )
    assert len(folder.errors()) == 1
    assert "a" in folder.errors()[0] and "b" in folder.errors()[0]


def test_files_are_named_relative_to_the_file_that_names_them(bundle: Make) -> None:
    folder = bundle(
        NAMED + "include: [resources/*.yml]",
        **{
            "resources/jobs.yml": """\
                resources:
                  jobs:
                    train:
                      tasks:
                        - {task_key: a, spark_python_task: {python_file: ../src/a.py}}
                        - {task_key: b, notebook_task: {notebook_path: ../src/b}}
                        - {task_key: c, sql_task: {file: {path: c.sql}}}
                        - {task_key: d, spark_python_task: {python_file: "${workspace.file_path}/src/a.py"}}
                """,
            "src/a.py": "",
            "src/b.py": "",
            "resources/c.sql": "",
        },
    )
    tasks: Any = folder.payload("jobs.train")["tasks"]
    assert tasks[0]["spark_python_task"]["python_file"] == "src/a.py"
    assert tasks[1]["notebook_task"]["notebook_path"] == "src/b.py"
    assert tasks[2]["sql_task"]["file"]["path"] == "resources/c.sql"
    assert tasks[3]["spark_python_task"]["python_file"] == "src/a.py"


def test_a_misplaced_file_is_pointed_at(bundle: Make) -> None:
    folder = bundle(with_task("spark_python_task: {python_file: train.py}"), **{"src/train.py": ""})
    assert "There is src/train.py; from this YAML file it is src/train.py." in folder.errors()[0]


def test_a_link_out_of_the_bundle_is_refused(bundle: Make) -> None:
    folder = bundle(with_task("spark_python_task: {python_file: link.py}"))
    (folder.root / "link.py").symlink_to("/etc/passwd")
    assert "is a link that leads out" in folder.errors()[0]


@pytest.mark.parametrize(("written", "told"), [("yes", "this is true or false"), ('"3"', "this is a text")])
def test_a_number_of_a_job_is_written_as_one(bundle: Make, written: str, told: str) -> None:
    task = f"spark_python_task: {{python_file: main.py}}\n          max_retries: {written}"
    errors = bundle(with_task(task), **{"main.py": ""}).errors()
    assert any(f"max_retries: a number is needed, and {told}" in each for each in errors), errors


def test_a_variable_gives_a_job_its_number(bundle: Make) -> None:
    task = 'spark_python_task: {python_file: main.py}\n          max_retries: "${var.retries}"'
    folder = bundle(with_task(task) + "variables: {retries: {default: 1}}\n", **{"main.py": ""})
    payload: Any = folder.payload("jobs.train", variables={"retries": "3"})
    assert payload["tasks"][0]["max_retries"] == 3


def test_numbers_are_text_where_text_is_expected(bundle: Make) -> None:
    folder = bundle(
        """\
        bundle: {name: flights}
        variables: {rows: {default: 1000}}
        resources:
          schemas:
            main: {catalog_name: dev, name: flights, comment: "${var.rows}", properties: {a: true, n: 5}}
        """
    )
    assert folder.payload("schemas.main")["comment"] == "1000"
    assert folder.payload("schemas.main")["properties"] == {"a": "true", "n": "5"}


def test_resources_refer_to_each_other(bundle: Make) -> None:
    folder = bundle(
        """\
        bundle: {name: flights}
        resources:
          schemas:
            main: {catalog_name: dev, name: flights}
          volumes:
            raw:
              catalog_name: dev
              schema_name: ${resources.schemas.main.name}
              name: raw
              comment: ${resources.volumes.raw.volume_path} of ${resources.schemas.main.id}, ${resources.jobs.train.id}
          jobs:
            train:
              tasks: [{task_key: a, spark_python_task: {python_file: main.py}}]
        """,
        **{"main.py": ""},
    )
    payload = folder.payload("volumes.raw")
    assert payload["schema_name"] == "flights"
    assert payload["comment"] == "/Volumes/dev/flights/raw of dev.flights, ${resources.jobs.train.id}"


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("${resources.schemas.man.name}", "there is no 'man' among the schemas. Did you mean main?"),
        ("${resources.schema.main.name}", "there are no schema. Did you mean schemas?"),
        ("${resources.schemas.main.nme}", "the schema main has no field 'nme'. Did you mean name?"),
        ("${bundle.nam}", "${bundle.nam} is not known. Did you mean name?"),
        ("${workspace.current_user.name}", "is not known."),
        ("${HOME}", "A reference begins with bundle., workspace., var., resources."),
        ("${var.a", "is not closed"),
        ("${resources.schemas.main.comment}", "circle: resources.schemas.main.comment"),
    ],
)
def test_an_unknown_reference_says_what_is_known(bundle: Make, reference: str, expected: str) -> None:
    folder = bundle(
        f"""\
        bundle: {{name: flights}}
        resources:
          schemas:
            main:
              catalog_name: dev
              name: flights
              comment: "{reference}"
        """
    )
    (error,) = folder.errors()
    assert error.startswith("databricks.yml:7: ")
    assert expected in error


def test_every_unknown_reference_of_one_text_is_told(bundle: Make) -> None:
    folder = bundle(
        "bundle: {name: b}\nvariables: {day: {default: 1}}\nresources:\n  schemas:\n"
        "    main: {catalog_name: dev, name: main, comment: '${var.dya} ${var.day} ${bundle.nam}'}\n"
    )
    assert [error.split(": ", 1)[1] for error in folder.errors()] == [
        "${bundle.nam} is not known. Did you mean name?",
        "There is no variable 'dya'. Did you mean day?",
    ]


def test_two_jobs_that_need_each_others_ids_are_refused(bundle: Make) -> None:
    folder = bundle(
        """\
        bundle: {name: flights}
        resources:
          jobs:
            a: {description: "${resources.jobs.b.id}", tasks: [{task_key: a, spark_python_task: {python_file: m.py}}]}
            b: {description: "${resources.jobs.a.id}", tasks: [{task_key: a, spark_python_task: {python_file: m.py}}]}
        """,
        **{"m.py": ""},
    )
    assert "jobs.a → jobs.b → jobs.a" in folder.errors()[0]


def test_the_root_is_found_from_below(bundle: Make) -> None:
    folder = bundle(NAMED, **{"src/deep/x.py": ""})
    assert find_root(folder.root / "src" / "deep") == folder.root


def test_without_a_bundle_the_error_says_what_to_do(tmp_path: Any) -> None:
    with pytest.raises(NotFound, match="boathouse bundle init"):
        find_root(tmp_path)


def test_an_assignment_without_a_name_is_refused() -> None:
    from boathouse.bundles.variables import parse_assignments

    with pytest.raises(InvalidInput, match="Write it as name=value"):
        parse_assignments(["catalog"])


def test_wheels_of_an_environment_will_be_built(bundle: Make) -> None:
    folder = bundle(
        """\
        bundle: {name: flights}
        artifacts: {flights: {type: whl}}
        resources:
          jobs:
            train:
              environments:
                - environment_key: default
                  spec: {dependencies: [dist/*.whl, "${workspace.file_path}/dist/*.whl", "-r req.txt", polars]}
              tasks: [{task_key: a, environment_key: default, spark_python_task: {python_file: main.py}}]
        """,
        **{"main.py": "", "req.txt": ""},
    )
    environment: Any = folder.payload("jobs.train")["environments"]
    assert environment[0]["spec"]["dependencies"] == ["dist/*.whl", "dist/*.whl", "-r req.txt", "polars"]
