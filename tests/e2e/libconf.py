"""Python values written as libconfig."""


def value(v):
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, (int, float)):
        return str(v)
    if isinstance(v, str):
        return '"%s"' % v.replace("\\", "\\\\").replace('"', '\\"')
    if isinstance(v, dict):
        return "{ %s}" % "".join("%s = %s; " % (k, value(x)) for k, x in v.items())
    brackets = "(%s)" if any(isinstance(x, (dict, list)) for x in v) else "[%s]"
    return brackets % ", ".join(value(x) for x in v)


def text(settings):
    return "".join("%s = %s;\n" % (k, value(v)) for k, v in settings.items())
