# CAST on the arrays of a folder, timed: Rscript cast.R aoa|lpd|knndm|nndm FOLDER
# Arrays are doubles, column after column; answers are written beside them, and a line of JSON says the seconds of the call itself.
suppressWarnings(suppressMessages({library(CAST); library(sf)}))
words <- commandArgs(TRUE)
case <- words[1]
at <- function(name) file.path(words[2], name)
numbers <- function(name) readBin(at(name), "double", file.size(at(name)) / 8)
put <- function(name, values) writeBin(as.double(values), at(paste0("cast-", name)))
seconds <- function(work) unname(system.time(suppressMessages(work))["elapsed"])
points <- function(name) st_as_sf(as.data.frame(matrix(numbers(name), ncol = 2)), coords = 1:2, crs = 3035)

if (case %in% c("aoa", "lpd")) {
  weight <- numbers("weights")
  table_of <- function(name) setNames(as.data.frame(matrix(numbers(name), ncol = length(weight))), paste0("f", seq_along(weight)))
  train <- table_of("train")
  cells <- table_of("cells")
  weight <- as.data.frame(t(setNames(weight, names(train))))
  fold <- numbers("fold") + 1
  took <- seconds(found <- aoa(cells, train = train, variables = names(train), weight = weight, CVtest = fold, LPD = case == "lpd", verbose = FALSE))
  put("DI", found$DI)
  put("AOA", found$AOA)
  if (case == "lpd") put("LPD", found$LPD)
  said <- sprintf('"threshold": %.17g', found$parameters$threshold)
} else {
  samples <- points("samples")
  wanted <- points("wanted")
  if (case == "knndm") {
    took <- seconds(found <- knndm(samples, predpoints = wanted))
    put("fold", found$clusters)
    said <- sprintf('"W": %.17g, "clusters": "%s"', found$W, found$q)
  } else {
    took <- seconds(found <- nndm(samples, predpoints = wanted))
    put("out", lengths(found$indx_exclude))
    said <- sprintf('"W": %.17g', twosamples::wass_stat(found$Gjstar, found$Gij))
  }
}
cat(sprintf('{"seconds": %.4f, %s}\n', took, said))
