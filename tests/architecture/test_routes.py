from tests.web.apps import app_for


def test_every_route_has_a_guard(parts):
    app = app_for(parts)
    bare = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if not hasattr(_bottom(app.view_functions[rule.endpoint], rule), "__guard__")
    ]
    assert bare == []


def _bottom(view, rule):
    """A class-based view carries its guard on the method."""
    if hasattr(view, "view_class"):
        methods = rule.methods - {"HEAD", "OPTIONS"}
        guarded = [getattr(view.view_class, method.lower()) for method in methods]
        return next((one for one in guarded if not hasattr(one, "__guard__")), guarded[0])
    return view
