"""Named feature specs: recipes in the catalog, with grants and lineage, that no statement can call."""

from collections.abc import Callable
from datetime import timedelta

import pyarrow as pa
import pytest

from boathouse.catalog import Catalog, NodeKind, Privilege
from boathouse.features.client import FeatureEngineeringClient
from boathouse.features.lookups import FeatureFunction, FeatureLookup
from boathouse.foundation.errors import AlreadyExists, Denied, InvalidInput, NotFound
from boathouse.foundation.principals import SYSTEM
from boathouse.session import Session

NAME, PLANES = "dev.shop.recipe", "dev.shop.planes"
WISHES = [
    FeatureLookup(PLANES, lookup_key="tail"),
    FeatureFunction("dev.shop.age", {"built": "built", "year": "year"}),
]
LABELS = pa.table({"tail": ["N2", "N1", "N3"], "year": pa.array([2013, 2014, 2015], pa.int32()), "late": [0, 1, 0]})


@pytest.fixture
def fe(session: Session) -> FeatureEngineeringClient:
    fe = FeatureEngineeringClient(session=session)
    planes = pa.table({"tail": ["N1", "N2"], "built": pa.array([1999, 2004], pa.int32()), "seats": [10, 20]})
    fe.create_table(name=PLANES, primary_keys="tail", df=planes)
    session.sql("CREATE FUNCTION dev.shop.age(built INT, year INT) RETURNS INT RETURN year - built")
    return fe


def test_a_spec_is_kept_and_makes_training_sets(fe: FeatureEngineeringClient) -> None:
    made = fe.create_feature_spec(name=NAME, features=WISHES, exclude_columns=["built"])
    assert fe.get_feature_spec(name=NAME) == made
    assert (made.inputs, made.features, made.owner) == (("tail", "year"), ("seats", "age"), "root")
    training_set = fe.create_training_set(df=LABELS, feature_spec=NAME, label="late")
    assert training_set.load_df().column("age").to_pylist() == [9, 15, None]
    assert training_set.columns == ["tail", "year", "late", "seats", "age"]
    assert training_set.spec.named == NAME


def test_a_frame_must_fit_the_spec(fe: FeatureEngineeringClient) -> None:
    fe.create_feature_spec(name=NAME, features=WISHES)
    with pytest.raises(InvalidInput, match=r"no column tail, by which features of dev\.shop\.planes"):
        fe.create_training_set(df=LABELS.drop_columns(["tail"]), feature_spec=NAME, label="late")
    with pytest.raises(InvalidInput, match="takes year from the column year, which is not there"):
        fe.create_training_set(df=LABELS.drop_columns(["year"]), feature_spec=NAME, label="late")
    with pytest.raises(InvalidInput, match="built comes from the frame and from table"):
        fe.create_training_set(df=LABELS.append_column("built", LABELS["year"]), feature_spec=NAME, label="late")


def test_a_table_that_has_changed_is_told(fe: FeatureEngineeringClient, session: Session) -> None:
    fe.create_feature_spec(name=NAME, features=WISHES)
    rows = pa.table({"tail": ["N1"], "built": ["old"], "seats": [1]})
    session.write_table(PLANES, rows, mode="overwrite", schema_mode="overwrite")
    with pytest.raises(
        InvalidInput, match=rf"Feature spec {NAME} takes built from table {PLANES} as INT, and it is STRING"
    ):
        fe.create_training_set(df=LABELS, feature_spec=NAME, label="late")


def test_a_name_is_taken_once(fe: FeatureEngineeringClient, session: Session) -> None:
    fe.create_feature_spec(name=NAME, features=WISHES)
    with pytest.raises(AlreadyExists):
        fe.create_feature_spec(name=NAME, features=WISHES)
    with pytest.raises(AlreadyExists):
        session.sql(f"CREATE FUNCTION {NAME}(x INT) RETURNS INT RETURN x")
    with pytest.raises(InvalidInput, match="is not a valid"):
        fe.create_feature_spec(name="recipe", features=WISHES)


def test_a_function_is_no_spec_and_a_spec_no_function(fe: FeatureEngineeringClient, session: Session) -> None:
    fe.create_feature_spec(name=NAME, features=WISHES)
    with pytest.raises(InvalidInput, match=r"dev\.shop\.age is a function, no feature spec"):
        fe.get_feature_spec(name="dev.shop.age")
    with pytest.raises(InvalidInput, match=r"dev\.shop\.age is a function, no feature spec"):
        fe.delete_feature_spec(name="dev.shop.age")
    with pytest.raises(InvalidInput, match=f"{NAME} is a feature spec, no function"):
        fe.create_training_set(df=LABELS, feature_lookups=[FeatureFunction(NAME)], label="late")
    for text in (f"SELECT {NAME}('N1', 2013)", f"SELECT * FROM {NAME}('N1', 2013)", f"SELECT 1 + {NAME}(1)"):
        with pytest.raises(InvalidInput, match=f"{NAME} is a feature spec; a statement cannot call it"):
            session.sql(text)
    with pytest.raises(InvalidInput, match="LANGUAGE FEATURE_SPEC"):
        session.sql("CREATE FUNCTION dev.shop.g(x INT) RETURNS INT LANGUAGE FEATURE_SPEC AS $$x$$")


def test_statements_show_describe_comment_and_drop_a_spec(fe: FeatureEngineeringClient, session: Session) -> None:
    fe.create_feature_spec(name=NAME, features=WISHES)
    session.sql(f"COMMENT ON FUNCTION {NAME} IS 'of planes'")
    told = session.sql(f"DESCRIBE FUNCTION EXTENDED {NAME}").arrow().column(0).to_pylist()
    assert "Type:        FEATURE SPEC" in told
    assert "Language:    FEATURE_SPEC" in told
    assert any(line.startswith("Input:") and line.endswith("tail STRING") for line in told)
    rows = session.sql(
        "SELECT routine_body, external_language FROM dev.information_schema.routines WHERE routine_name = 'recipe'"
    ).rows()
    assert rows == [{"routine_body": "EXTERNAL", "external_language": "FEATURE_SPEC"}]
    assert fe.get_feature_spec(name=NAME).comment == "of planes"
    session.sql(f"DROP FUNCTION {NAME}")
    with pytest.raises(NotFound):
        fe.get_feature_spec(name=NAME)
    fe.create_feature_spec(name=NAME, features=WISHES)
    fe.delete_feature_spec(name=NAME)
    with pytest.raises(NotFound):
        fe.delete_feature_spec(name=NAME)


def test_a_spec_lends_nobody_the_rights_of_its_owner(
    fe: FeatureEngineeringClient, session: Session, session_of: Callable[..., Session]
) -> None:
    fe.create_feature_spec(name=NAME, features=WISHES)
    eve = FeatureEngineeringClient(session=session_of("eve"))
    with pytest.raises((Denied, NotFound)):
        eve.get_feature_spec(name=NAME)
    session.sql(f"GRANT EXECUTE ON FUNCTION {NAME} TO eve")
    assert eve.get_feature_spec(name=NAME).features == ("built", "seats", "age")
    with pytest.raises((Denied, NotFound), match=PLANES):
        eve.create_training_set(df=LABELS, feature_spec=NAME, label="late")
    session.sql(f"GRANT SELECT ON TABLE {PLANES} TO eve")
    with pytest.raises((Denied, NotFound), match=r"dev\.shop\.age"):
        eve.create_training_set(df=LABELS, feature_spec=NAME, label="late")
    session.sql("GRANT EXECUTE ON FUNCTION dev.shop.age TO eve")
    assert eve.create_training_set(df=LABELS, feature_spec=NAME, label="late").load_df().num_rows == 3
    with pytest.raises(Denied):
        eve.delete_feature_spec(name=NAME)
    with pytest.raises(Denied):
        eve.create_feature_spec(name="dev.shop.other", features=WISHES)
    bob = FeatureEngineeringClient(session=session_of("bob", Privilege.CREATE_FUNCTION, Privilege.EXECUTE))
    with pytest.raises((Denied, NotFound), match=PLANES):
        bob.create_feature_spec(name="dev.shop.other", features=WISHES)


def test_what_a_spec_takes_is_in_the_lineage(fe: FeatureEngineeringClient, catalog: Catalog) -> None:
    fe.create_feature_spec(name=NAME, features=WISHES)
    edges = [each.edge for each in catalog.lineage.edges(SYSTEM) if each.edge.operation == "FEATURES"]
    found = {(each.source.kind, each.source.name, each.target.name) for each in edges if each.source and each.target}
    assert found == {(NodeKind.TABLE, PLANES, NAME), (NodeKind.FUNCTION, "dev.shop.age", NAME)}
    (flow,) = [each.columns for each in edges if each.columns]
    assert flow.direct == {"built": ("built",), "seats": ("seats",)}


def test_mistakes_in_a_spec_are_told_when_it_is_made(fe: FeatureEngineeringClient) -> None:
    with pytest.raises(NotFound, match=r"no feature sets\. Did you mean seats"):
        fe.create_feature_spec(name=NAME, features=[FeatureLookup(PLANES, lookup_key="tail", feature_names="sets")])
    with pytest.raises(InvalidInput, match="is no feature of the spec"):
        fe.create_feature_spec(name=NAME, features=WISHES, exclude_columns=["year"])
    window = FeatureLookup(PLANES, lookup_key="tail", timestamp_lookup_key="at", lookback_window=timedelta(1))
    with pytest.raises(InvalidInput, match="lookback_window"):
        fe.create_feature_spec(name=NAME, features=[window])


def test_a_spec_gets_tags_another_name_and_another_owner(
    fe: FeatureEngineeringClient, session: Session, session_of: Callable[..., Session]
) -> None:
    fe.create_feature_spec(name=NAME, features=WISHES)
    session_of("bob")
    session.sql(f"ALTER FUNCTION {NAME} SET TAGS ('team' = 'flights')")
    session.sql(f"ALTER FUNCTION {NAME} RENAME TO dev.shop.other")
    session.sql("ALTER FUNCTION dev.shop.other SET OWNER TO bob")
    found = fe.get_feature_spec(name="dev.shop.other")
    assert (found.tags, found.owner, found.spec.features) == ({"team": "flights"}, "bob", ("built", "seats", "age"))
    session.sql("ALTER FUNCTION dev.shop.age RENAME TO dev.shop.years")
    assert session.sql("SELECT dev.shop.years(1999, 2013) AS n").rows() == [{"n": 14}]
