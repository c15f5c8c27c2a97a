# Numbers of CAST on meuse that `tests/cast_cases.rs` compares with: Rscript cases.R SITES.csv GRID.csv (R package sp: meuse, meuse.grid) writes sites.csv,
# cells.csv (beside ../matching/meuse_cells.csv) and cases.json here. R 4.2.2, CAST 1.1.0, twosamples 2.0.1, sf 1.0.9, caret 6.0.93.
suppressWarnings(suppressMessages({library(CAST); library(sf); library(caret); library(jsonlite)}))
files <- commandArgs(TRUE)
m <- read.csv(files[1])
g <- read.csv(files[2])
quiet <- function(...) suppressWarnings(suppressMessages(...))
m$band <- ceiling(rank(m$y, ties.method = "first") / 31)  # five folds from south to north
m$south <- as.integer(rank(m$y, ties.method = "first") <= 60)
m$west <- as.integer(rank(m$x, ties.method = "first") <= 70)
lonlat <- function(d) st_coordinates(st_transform(st_as_sf(d, coords = c("x", "y"), crs = 28992), 4326))
m[c("lon", "lat")] <- lonlat(m)
some <- seq(1, nrow(g), 10)
g[c("lon", "lat")] <- NA
g[some, c("lon", "lat")] <- lonlat(g[some, ])

# Area of applicability: folds test a band each, and learn from the others, or from those that are no neighbours ("far"); "three" test three bands only.
test <- lapply(1:5, function(k) which(m$band == k))
others <- lapply(test, function(t) setdiff(1:nrow(m), t))
far <- lapply(1:5, function(k) which(abs(m$band - k) > 1))
asked <- function(features, weights, folds = "others", most = 1, classes = FALSE) {
  train <- switch(folds, others = others, far = far, three = others[1:3])
  test <- if (folds == "none") NULL else test[seq_along(train)]
  if (classes) for (v in c("soil", "ffreq")) { m[[v]] <- factor(m[[v]]); g[[v]] <- factor(g[[v]]) }
  a <- quiet(aoa(g, train = m[features], variables = features, weight = as.data.frame(t(setNames(weights, features))), CVtest = test, CVtrain = train,
                 LPD = TRUE, maxLPD = most, verbose = FALSE))
  p <- a$parameters
  list(features = I(features), weights = I(weights), folds = folds, most = if (most <= 1) round(most * nrow(m)) else most, threshold = p$threshold,
       mean_distance = p$trainDist_avrgmean, training = c(sum(p$trainDI, na.rm = TRUE), max(p$trainDI, na.rm = TRUE), sum(p$trainLPD, na.rm = TRUE)),
       cells = c(sum(a$DI), sum(a$DI^2), max(a$DI)), inside = sum(a$AOA), density = sum(a$LPD))
}
plain <- c("x", "y", "dist")
areas <- list(
  asked(plain, c(1.5, 0.25, 3)),
  asked(plain, c(1.5, 0.25, 3), most = 10),
  asked(plain, c(1.5, 0.25, 3), most = 0.1),
  asked(plain, c(1.5, 0.25, 3), "far"),
  asked(plain, c(1, 1, 1), "three"),
  asked(plain, c(1, 1, 1), "none"),
  asked(plain, c(1, -0.2, 2)),
  asked("dist", 1),
  asked(c("x", "dist", "soil", "ffreq"), c(1, 2, 0.5, 1.25), classes = TRUE))

# A linear model with its own weights, and its error profile.
m$logzinc <- log(m$zinc)
control <- trainControl(method = "cv", index = others, indexOut = test, savePredictions = "all")
model <- quiet(train(m[plain], m$logzinc, method = "lm", trControl = control))
area <- quiet(aoa(g, model = model, LPD = TRUE, verbose = FALSE))
m$held <- model$pred[order(model$pred$rowIndex), "pred"]
profile <- quiet(errorProfiles(model, area, variable = "DI", calib = "lm"))
seen <- attr(profile, "performance")
linear <- list(weights = varImp(model, scale = FALSE)$importance$Overall, threshold = area$parameters$threshold, inside = sum(area$AOA),
               density = sum(area$LPD), at = seen$DI, error = seen$metric)

# Distance matching.
sites <- st_as_sf(m, coords = c("x", "y"), crs = 28992)
cells <- st_as_sf(g, coords = c("x", "y"), crs = 28992)
matched <- function(at, k, maxp, space = "place", features = NULL) {
  rows <- m[[at]] == 1
  r <- quiet(switch(space,
    place = knndm(sites[rows, ], predpoints = cells, k = k, maxp = maxp),
    sphere = knndm(st_transform(sites[rows, ], 4326), predpoints = st_transform(cells[some, ], 4326), k = k, maxp = maxp, dist_fun = "great_circle"),
    knndm(m[rows, features], predpoints = g[features], k = k, maxp = maxp, dist_space = "feature", dist_fun = space)))
  list(at = at, k = k, maxp = maxp, space = space, features = features, W = r$W, clusters = r$q, fold = match(r$clusters, unique(r$clusters)) - 1,
       samples = sum(r$Gj), wanted = sum(r$Gij), folds = sum(r$Gjstar))
}
knndms <- do.call(c, lapply(c("south", "west"), function(at) list(
  matched(at, 2, 0.55), matched(at, 2, 0.8), matched(at, 3, 0.55), matched(at, 3, 0.8), matched(at, 10, 0.55), matched(at, 5, 0.5, "sphere"),
  matched(at, 4, 0.5, "euclidean", c("x", "dist")), matched(at, 4, 0.5, "mahalanobis", plain))))
left <- function(at, phi, least) {
  rows <- m[[at]] == 1
  r <- quiet(nndm(sites[rows, ], predpoints = cells, phi = if (phi > 0) phi else "max", min_train = least))
  list(at = at, phi = phi, least = least, folds = sum(r$Gjstar), W = twosamples::wass_stat(r$Gjstar, r$Gij), out = lengths(r$indx_exclude))
}
nndms <- do.call(c, lapply(c("south", "west"), function(at) list(left(at, 0, 0.5), left(at, 0, 0.1), left(at, 500, 0.5))))
kmeans <- lapply(c("south", "west"), function(at) list(at = at, W = sapply(1:30, function(i) { set.seed(i)
  quiet(knndm(sites[m[[at]] == 1, ], predpoints = cells, k = 5, clustering = "kmeans"))$W })))

write.csv(m[c("x", "y", "lon", "lat", "dist", "soil", "ffreq", "band", "south", "west", "logzinc", "held")], "sites.csv", row.names = FALSE, quote = FALSE)
write.csv(g[c("soil", "ffreq", "lon", "lat")], "cells.csv", row.names = FALSE, quote = FALSE, na = "NaN")
whole <- list(areas = areas, linear = linear, knndm = knndms, nndm = nndms, kmeans = kmeans)
write(toJSON(whole, digits = NA, auto_unbox = TRUE, null = "null"), "cases.json")
