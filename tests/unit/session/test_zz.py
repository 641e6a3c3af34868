def test_x(session):
    print(session.sql("select sum(id) as s, array(sum(id)) as l, max(:a) as x from range(:n) order by 1", {"a":2,"n":4}).arrow())
    session.sql("create table dev.shop.x as select sum(id) s from range(5)")
    print(session.sql("describe dev.shop.x"))
    try: print(session.sql("select sum(x) from values (9223372036854775807),(1) as t(x)"))
    except Exception as e: print(type(e), e)
