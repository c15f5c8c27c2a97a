//! Systems of ESRI that Earth scientists use and EPSG lacks, with their PROJ definitions (as PROJ 9.5 states them).

/// Code, name, definition; sorted by code.
const SYSTEMS: &[(u32, &str, &str)] = &[
    (53_004, "Sphere_Mercator", "+proj=merc +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +R=6371000 +units=m"),
    (53_008, "Sphere_Sinusoidal", "+proj=sinu +lon_0=0 +x_0=0 +y_0=0 +R=6371000 +units=m"),
    (53_009, "Sphere_Mollweide", "+proj=moll +lon_0=0 +x_0=0 +y_0=0 +R=6371000 +units=m"),
    (53_030, "Sphere_Robinson", "+proj=robin +lon_0=0 +x_0=0 +y_0=0 +R=6371000 +units=m"),
    (54_002, "World_Equidistant_Cylindrical", "+proj=eqc +lat_ts=60 +lat_0=0 +lon_0=0 +x_0=0 +y_0=0 +datum=WGS84 +units=m"),
    (54_003, "World_Miller_Cylindrical", "+proj=mill +R_A +lon_0=0 +x_0=0 +y_0=0 +datum=WGS84 +units=m"),
    (54_004, "World_Mercator", "+proj=merc +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +datum=WGS84 +units=m"),
    (54_008, "World_Sinusoidal", "+proj=sinu +lon_0=0 +x_0=0 +y_0=0 +datum=WGS84 +units=m"),
    (54_009, "World_Mollweide", "+proj=moll +lon_0=0 +x_0=0 +y_0=0 +datum=WGS84 +units=m"),
    (54_030, "World_Robinson", "+proj=robin +lon_0=0 +x_0=0 +y_0=0 +datum=WGS84 +units=m"),
    (54_032, "World_Azimuthal_Equidistant", "+proj=aeqd +lat_0=0 +lon_0=0 +x_0=0 +y_0=0 +datum=WGS84 +units=m"),
    (54_034, "World_Cylindrical_Equal_Area", "+proj=cea +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +datum=WGS84 +units=m"),
    (102_001, "Canada_Albers_Equal_Area_Conic", "+proj=aea +lat_0=40 +lon_0=-96 +lat_1=50 +lat_2=70 +x_0=0 +y_0=0 +datum=NAD83 +units=m"),
    (102_002, "Canada_Lambert_Conformal_Conic", "+proj=lcc +lat_0=40 +lon_0=-96 +lat_1=50 +lat_2=70 +x_0=0 +y_0=0 +datum=NAD83 +units=m"),
    (
        102_003,
        "USA_Contiguous_Albers_Equal_Area_Conic",
        "+proj=aea +lat_0=37.5 +lon_0=-96 +lat_1=29.5 +lat_2=45.5 +x_0=0 +y_0=0 +datum=NAD83 +units=m",
    ),
    (
        102_004,
        "USA_Contiguous_Lambert_Conformal_Conic",
        "+proj=lcc +lat_0=39 +lon_0=-96 +lat_1=33 +lat_2=45 +x_0=0 +y_0=0 +datum=NAD83 +units=m",
    ),
    (
        102_005,
        "USA_Contiguous_Equidistant_Conic",
        "+proj=eqdc +lat_0=39 +lon_0=-96 +lat_1=33 +lat_2=45 +x_0=0 +y_0=0 +datum=NAD83 +units=m",
    ),
    (
        102_008,
        "North_America_Albers_Equal_Area_Conic",
        "+proj=aea +lat_0=40 +lon_0=-96 +lat_1=20 +lat_2=60 +x_0=0 +y_0=0 +datum=NAD83 +units=m",
    ),
    (
        102_009,
        "North_America_Lambert_Conformal_Conic",
        "+proj=lcc +lat_0=40 +lon_0=-96 +lat_1=20 +lat_2=60 +x_0=0 +y_0=0 +datum=NAD83 +units=m",
    ),
    (102_010, "North_America_Equidistant_Conic", "+proj=eqdc +lat_0=40 +lon_0=-96 +lat_1=20 +lat_2=60 +x_0=0 +y_0=0 +datum=NAD83 +units=m"),
    (
        102_013,
        "Europe_Albers_Equal_Area_Conic",
        "+proj=aea +lat_0=30 +lon_0=10 +lat_1=43 +lat_2=62 +x_0=0 +y_0=0 +ellps=intl +towgs84=-87,-98,-121,0,0,0,0 +units=m",
    ),
    (
        102_014,
        "Europe_Lambert_Conformal_Conic",
        "+proj=lcc +lat_0=30 +lon_0=10 +lat_1=43 +lat_2=62 +x_0=0 +y_0=0 +ellps=intl +towgs84=-87,-98,-121,0,0,0,0 +units=m",
    ),
    (
        102_015,
        "South_America_Lambert_Conformal_Conic",
        "+proj=lcc +lat_0=-32 +lon_0=-60 +lat_1=-5 +lat_2=-42 +x_0=0 +y_0=0 +ellps=aust_SA +towgs84=-57,1,-41,0,0,0,0 +units=m",
    ),
    (102_016, "North_Pole_Azimuthal_Equidistant", "+proj=aeqd +lat_0=90 +lon_0=0 +x_0=0 +y_0=0 +datum=WGS84 +units=m"),
    (102_017, "North_Pole_Lambert_Azimuthal_Equal_Area", "+proj=laea +lat_0=90 +lon_0=0 +x_0=0 +y_0=0 +datum=WGS84 +units=m"),
    (102_018, "North_Pole_Stereographic", "+proj=stere +lat_0=90 +lon_0=0 +k=1 +x_0=0 +y_0=0 +datum=WGS84 +units=m"),
    (102_019, "South_Pole_Azimuthal_Equidistant", "+proj=aeqd +lat_0=-90 +lon_0=0 +x_0=0 +y_0=0 +datum=WGS84 +units=m"),
    (102_020, "South_Pole_Lambert_Azimuthal_Equal_Area", "+proj=laea +lat_0=-90 +lon_0=0 +x_0=0 +y_0=0 +datum=WGS84 +units=m"),
    (102_021, "South_Pole_Stereographic", "+proj=stere +lat_0=-90 +lon_0=0 +k=1 +x_0=0 +y_0=0 +datum=WGS84 +units=m"),
    (102_022, "Africa_Albers_Equal_Area_Conic", "+proj=aea +lat_0=0 +lon_0=25 +lat_1=20 +lat_2=-23 +x_0=0 +y_0=0 +datum=WGS84 +units=m"),
    (102_023, "Africa_Equidistant_Conic", "+proj=eqdc +lat_0=0 +lon_0=25 +lat_1=20 +lat_2=-23 +x_0=0 +y_0=0 +datum=WGS84 +units=m"),
    (102_024, "Africa_Lambert_Conformal_Conic", "+proj=lcc +lat_0=0 +lon_0=25 +lat_1=20 +lat_2=-23 +x_0=0 +y_0=0 +datum=WGS84 +units=m"),
    (
        102_025,
        "Asia_North_Albers_Equal_Area_Conic",
        "+proj=aea +lat_0=30 +lon_0=95 +lat_1=15 +lat_2=65 +x_0=0 +y_0=0 +datum=WGS84 +units=m",
    ),
    (102_026, "Asia_North_Equidistant_Conic", "+proj=eqdc +lat_0=30 +lon_0=95 +lat_1=15 +lat_2=65 +x_0=0 +y_0=0 +datum=WGS84 +units=m"),
    (
        102_027,
        "Asia_North_Lambert_Conformal_Conic",
        "+proj=lcc +lat_0=30 +lon_0=95 +lat_1=15 +lat_2=65 +x_0=0 +y_0=0 +datum=WGS84 +units=m",
    ),
    (
        102_028,
        "Asia_South_Albers_Equal_Area_Conic",
        "+proj=aea +lat_0=-15 +lon_0=125 +lat_1=7 +lat_2=-32 +x_0=0 +y_0=0 +datum=WGS84 +units=m",
    ),
    (102_029, "Asia_South_Equidistant_Conic", "+proj=eqdc +lat_0=-15 +lon_0=125 +lat_1=7 +lat_2=-32 +x_0=0 +y_0=0 +datum=WGS84 +units=m"),
    (
        102_030,
        "Asia_South_Lambert_Conformal_Conic",
        "+proj=lcc +lat_0=-15 +lon_0=125 +lat_1=7 +lat_2=-32 +x_0=0 +y_0=0 +datum=WGS84 +units=m",
    ),
    (
        102_031,
        "Europe_Equidistant_Conic",
        "+proj=eqdc +lat_0=30 +lon_0=10 +lat_1=43 +lat_2=62 +x_0=0 +y_0=0 +ellps=intl +towgs84=-87,-98,-121,0,0,0,0 +units=m",
    ),
    (
        102_032,
        "South_America_Equidistant_Conic",
        "+proj=eqdc +lat_0=-32 +lon_0=-60 +lat_1=-5 +lat_2=-42 +x_0=0 +y_0=0 +ellps=aust_SA +towgs84=-57,1,-41,0,0,0,0 +units=m",
    ),
    (
        102_033,
        "South_America_Albers_Equal_Area_Conic",
        "+proj=aea +lat_0=-32 +lon_0=-60 +lat_1=-5 +lat_2=-42 +x_0=0 +y_0=0 +ellps=aust_SA +towgs84=-57,1,-41,0,0,0,0 +units=m",
    ),
    (
        102_039,
        "USA_Contiguous_Albers_Equal_Area_Conic_USGS_version",
        "+proj=aea +lat_0=23 +lon_0=-96 +lat_1=29.5 +lat_2=45.5 +x_0=0 +y_0=0 +datum=NAD83 +units=m",
    ),
];

/// The PROJ definition of an ESRI code.
pub(super) fn definition(code: u32) -> Option<&'static str> {
    SYSTEMS.iter().find(|s| s.0 == code).map(|s| s.2)
}

/// All codes with their names.
pub(super) fn all() -> impl Iterator<Item = (u32, &'static str)> {
    SYSTEMS.iter().map(|s| (s.0, s.1))
}
