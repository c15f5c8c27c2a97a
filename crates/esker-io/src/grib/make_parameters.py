"""Writes parameters.tsv, the parameter names of GRIB, from the definitions of ecCodes (Apache-2.0): python make_parameters.py

Columns: edition, table, number, condition, short name, CF-like name, unit, description.
Edition 1: table is `centre.version` (centre `*`: any), number is indicatorOfParameter.
Edition 2: table is `centre.discipline` (centre `*`: any), number is `category.number`; conditions are `surface=type:value`
and `step=statistic`, and the line without condition is the name otherwise.
"""
import os

import eccodes as ec


def describe(h):
    def get(key):
        try:
            return ec.codes_get(h, key, str)
        except ec.CodesInternalError:
            return "unknown"
    short = get("shortName")
    if short in ("unknown", "~", ""):
        return None
    cf = get("cfVarName")
    cf = short if cf in ("unknown", "~", "") else cf
    unit = get("units").replace("**", "")
    unit = {"~": "", "unknown": "", "(0 - 1)": "1", "(Code table 4.201)": "", "Dimensionless": "1", "Numeric": "1"}.get(unit, unit)
    return short, cf, "" if unit.startswith("(") or "code table" in unit.lower() else unit, get("name").replace("\t", " ")


def edition1(out):
    base = ec.codes_grib_new_from_samples("regular_ll_pl_grib1")
    for centre, tables in (("ecmf", (128, 140, 151, 162, 172, 228, 235)), ("kwbc", (2,)), ("*", (1, 2, 3))):
        for table in tables:
            for number in range(1, 256 if centre != "*" else 128):
                h = ec.codes_clone(base)
                ec.codes_set(h, "centre", {"ecmf": 98, "kwbc": 7, "*": 255}[centre])
                ec.codes_set(h, "table2Version", table)
                ec.codes_set(h, "indicatorOfParameter", number)
                found = describe(h)
                if found:
                    out.append(("1", f"{centre}.{table}", str(number), "") + found)
                if centre == "ecmf":
                    continue
                for kind, level in ((105, 2), (105, 10), (102, 0)):
                    ec.codes_set(h, "indicatorOfTypeOfLevel", kind)
                    ec.codes_set(h, "level", level)
                    other = describe(h)
                    if other and other != found:
                        out.append(("1", f"{centre}.{table}", str(number), f"surface={kind}:{level}") + other)
                ec.codes_release(h)


def edition2(out):
    base = ec.codes_grib_new_from_samples("regular_ll_pl_grib2")
    ranges = {0: range(0, 21), 1: range(0, 3), 2: range(0, 7), 3: range(0, 3), 4: range(0, 11), 10: range(0, 5)}
    for centre, code, numbers in (("*", 255, range(0, 192)), ("ecmf", 98, range(192, 255)), ("kwbc", 7, range(192, 255))):
        for discipline, categories in ranges.items():
            for category in list(categories) + ([190, 191] if discipline == 0 else []):
                for number in numbers:
                    lines = names2(base, code, discipline, category, number)
                    table, key = f"{centre}.{discipline}", f"{category}.{number}"
                    out += [("2", table, key, condition) + found for condition, found in lines]


def names2(base, centre, discipline, category, number):
    h = ec.codes_clone(base)
    ec.codes_set(h, "centre", centre)
    if number >= 192 or discipline >= 192:
        ec.codes_set(h, "localTablesVersion", 1)
    for key, value in (("discipline", discipline), ("parameterCategory", category), ("parameterNumber", number)):
        ec.codes_set(h, key, value)
    plain = describe(h)
    lines = [("", plain)] if plain else []
    for kind, factor, value in ((1, 255, 0), (101, 255, 0), (103, 0, 2), (103, 0, 10), (103, 0, 100), (103, 0, 200), (10, 255, 0), (8, 255, 0),
                                (160, 0, 0), (168, 0, 0), (174, 0, 0), (106, 0, 0), (151, 255, 0), (177, 0, 0)):
        ec.codes_set(h, "typeOfFirstFixedSurface", kind)
        if factor != 255:
            ec.codes_set(h, "scaleFactorOfFirstFixedSurface", factor)
            ec.codes_set(h, "scaledValueOfFirstFixedSurface", value)
        else:
            ec.codes_set_missing(h, "scaleFactorOfFirstFixedSurface")
            ec.codes_set_missing(h, "scaledValueOfFirstFixedSurface")
        found = describe(h)
        if found and found != plain:
            lines.append((f"surface={kind}" + (f":{value}" if factor != 255 else ""), found))
    ec.codes_release(h)
    known = dict(lines)
    h = ec.codes_clone(base)
    ec.codes_set(h, "productDefinitionTemplateNumber", 8)
    ec.codes_set(h, "centre", centre)
    if number >= 192 or discipline >= 192:
        ec.codes_set(h, "localTablesVersion", 1)
    for key, value in (("discipline", discipline), ("parameterCategory", category), ("parameterNumber", number)):
        ec.codes_set(h, key, value)
    for kind, value in ((100, None), (1, None), (103, 2), (103, 10), (8, None)):
        ec.codes_set(h, "typeOfFirstFixedSurface", kind)
        if value is not None:
            ec.codes_set(h, "scaleFactorOfFirstFixedSurface", 0)
            ec.codes_set(h, "scaledValueOfFirstFixedSurface", value)
        elif kind != 100:
            ec.codes_set_missing(h, "scaleFactorOfFirstFixedSurface")
            ec.codes_set_missing(h, "scaledValueOfFirstFixedSurface")
        surface = "" if kind == 100 else f"surface={kind}" + (f":{value}" if value is not None else "")
        for statistic in (0, 1, 2, 3):
            ec.codes_set(h, "typeOfStatisticalProcessing", statistic)
            found = describe(h)
            step = f"step={statistic}"
            if found and found not in (plain, known.get(surface), known.get(step)):
                condition = f"{surface} {step}".strip()
                known[condition] = found
                lines.append((condition, found))
    ec.codes_release(h)
    return lines


def other_names(out):
    """What NCEP and ECMWF call WMO's own parameters where ecCodes knows no general name, or another one."""
    base = ec.codes_grib_new_from_samples("regular_ll_pl_grib2")
    general = {line[1:4]: line[4:] for line in out if line[0] == "2"}
    wanted = {0: (0, 1, 2, 3, 4, 5, 6, 7, 14, 19), 2: (0,), 10: (0, 1, 2, 3)}
    for centre, code in (("kwbc", 7), ("ecmf", 98)):
        for discipline, categories in wanted.items():
            for category in categories:
                for number in range(0, 64):
                    key = f"{category}.{number}"
                    for condition, found in names2(base, code, discipline, category, number):
                        if general.get((f"*.{discipline}", key, condition)) != found:
                            out.append(("2", f"{centre}.{discipline}", key, condition) + found)


def ecmwf(out):
    """ECMWF's table of paramIds: discipline 192, the category is the table of edition 1."""
    base = ec.codes_grib_new_from_samples("regular_ll_pl_grib2")
    for category in (128, 140, 151, 162, 228):
        for number in range(1, 255):
            out += [("2", "ecmf.192", f"{category}.{number}", condition) + found for condition, found in names2(base, 98, 192, category, number)]


def distinct(out):
    """WMO's versions 1 and 3 of table 2, and NCEP's, only where they differ from version 2."""
    second = {(line[2], line[3]): line[4:] for line in out if line[:2] == ("1", "*.2")}
    twins = ("*.1", "*.3", "kwbc.2")
    return [line for line in out if line[0] == "2" or line[1] not in twins or second.get(line[2:4]) != line[4:]]


def main():
    out = []
    edition1(out)
    edition2(out)
    other_names(out)
    ecmwf(out)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "parameters.tsv")
    with open(path, "w", newline="\n") as f:
        f.write(f"# From the definitions of ecCodes {ec.codes_get_api_version()} (Apache-2.0, ECMWF) by make_parameters.py\n")
        for line in distinct(out):
            f.write("\t".join(line) + "\n")


if __name__ == "__main__":
    main()
