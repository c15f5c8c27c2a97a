# Reference numbers of nearest-neighbour distance matching, in base R 4.2.2.
#
#   Rscript reference.R FOLDER_OF_MEUSE
#
# The steps follow the papers (Linnenbrink et al. 2024, Milà et al. 2022) and, where these are silent, what CAST 1.1.0 does. The numbers printed in
# CAST's own tests come out of it (marked with "CAST"), so do those that CAST itself gave for meuse.

near <- function(q, d) sapply(seq_len(nrow(q)), function(i) sqrt(min(colSums((t(d) - q[i, ])^2))))
others <- function(x) { d <- as.matrix(dist(x)); diag(d) <- NA; apply(d, 1, min, na.rm = TRUE) }
across <- function(x, f) { r <- numeric(nrow(x)); for (g in unique(f)) r[f == g] <- near(x[f == g, , drop = FALSE], x[f != g, , drop = FALSE]); r }
wasserstein <- function(a, b) { j <- sort(unique(c(a, b))); sum(abs(ecdf(a)(j) - ecdf(b)(j))[-length(j)] * diff(j)) }

# x: the points of the samples, p: those wanted, axes: what the first principal component is taken of.
knndm <- function(x, p, k, maxp = 0.5, axes = x) {
  gj <- others(x); gij <- near(p, x); n <- nrow(x)
  significance <- suppressWarnings(ks.test(gj, gij, alternative = "greater"))$p.value
  if (significance >= 0.05) return(list(q = 0, p = significance, gj = mean(gj), gij = mean(gij)))
  tree <- hclust(dist(x), method = "ward.D2"); score <- prcomp(axes)$x[, 1]; best <- list(W = Inf)
  for (q in unique(as.integer(round(exp(seq(log(k), log(n - 2), length.out = 100)))))) {
    cluster <- cutree(tree, q); size <- tabulate(cluster); order <- order(tapply(score, cluster, mean)); fold <- rep(NA, q)
    large <- order[size[order] >= n / k]; small <- setdiff(order, large)
    fold[large] <- seq_along(large)
    fold[small] <- rep(setdiff(seq_len(k), seq_along(large)), length.out = length(small))
    f <- fold[cluster]
    if (any(tabulate(f) / n > maxp)) next
    W <- wasserstein(across(x, f), gij)
    if (W < best$W) best <- list(W = W, q = q, folds = match(f, unique(f)), p = significance, gj = mean(gj), gij = mean(gij))
  }
  best
}

nndm <- function(x, p, phi = Inf, min_train = 0.5) {
  d <- as.matrix(dist(x)); diag(d) <- NA; gij <- near(p, x); g <- apply(d, 1, min, na.rm = TRUE); n <- nrow(x); r <- min(g)
  while (r <= phi) {
    j <- which(g == r)[1]
    if ((sum(g <= r) - 1) / n >= mean(gij <= r) && sum(!is.na(d[j, ])) / n > min_train) {
      d[j, which(d[j, ] == r)] <- NA; g <- apply(d, 1, min, na.rm = TRUE); r <- min(g[g >= r])
    } else if (any(g > r)) r <- min(g[g > r]) else break
  }
  list(g = g, excluded = as.integer(rowSums(is.na(d)) - 1))
}

# What sf::st_sample(type = "regular") draws in a square.
regular <- function(low, high, size) {
  step <- sqrt((high - low)^2 / size); from <- (c(runif(1, low, high), runif(1, low, high)) - low) %% step + low
  as.matrix(expand.grid(x = seq(from[1], high, step), y = seq(from[2], high, step)))
}
write <- function(d, file) {
  d <- as.data.frame(d); d[] <- lapply(d, function(v) if (is.double(v)) sprintf("%.17g", v) else v)
  write.csv(d, file, row.names = FALSE, quote = FALSE)
}

six <- cbind(x = c(1, 1, 2, 2, 1, 5), y = c(1, 2, 2, 3, 4, 4)); set.seed(1)
print(knndm(six, regular(0, 10, 20), 2, 0.8))                                     # CAST: W 1.091896, q 3

set.seed(1234); x <- cbind(x = runif(50, 0, 50), y = runif(50, 0, 50)); p <- regular(0, 50, 50); q <- regular(0, 50, 1000)
domain <- nndm(x, q)
write(data.frame(x, same = nndm(x, x)$g, domain = domain$g, phi10 = nndm(x, x, 10)$g, keep20 = nndm(x, x, 20, 0.2)$g,
                 regular10 = nndm(x, p, 10)$g, excluded_domain = domain$excluded), "nndm_samples.csv")  # CAST: five of these values
write(p, "nndm_regular.csv"); write(q, "nndm_domain.csv")

set.seed(1); corner <- cbind(x = runif(100, 0, 4), y = runif(100, 0, 4)); set.seed(1); wanted <- cbind(x = runif(1000, 0, 10), y = runif(1000, 0, 10))
found <- lapply(2:10, function(k) knndm(corner, wanted, k, 1 / k + 0.1)); print(sapply(found, `[[`, "W"), digits = 11)
write(cbind(as.data.frame(corner), setNames(lapply(found, `[[`, "folds"), paste0("k", 2:10))), "corner_samples.csv"); write(wanted, "corner_wanted.csv")

sites <- read.csv(file.path(commandArgs(TRUE)[1], "meuse.csv")); cells <- read.csv(file.path(commandArgs(TRUE)[1], "meuse_grid.csv"))
places <- c("x", "y"); south <- sort(order(sites$y)[1:60]); print(knndm(as.matrix(sites[places]), as.matrix(cells[places]), 5))
whole <- knndm(as.matrix(sites[south, places]), as.matrix(cells[places]), 5); print(whole$W, digits = 10)  # CAST: 412.9942507
sites$fold <- 0L; sites$fold[south] <- whole$folds
write(sites[c("x", "y", "dist", "elev", "fold")], "meuse_sites.csv"); write(cells[c("x", "y", "dist")], "meuse_cells.csv")

scaled <- scale(as.matrix(sites[south, c("x", "y", "dist")]))
asked <- scale(as.matrix(cells[c("x", "y", "dist")]), attr(scaled, "scaled:center"), attr(scaled, "scaled:scale"))
scaled <- matrix(scaled, ncol = 3); turn <- solve(chol(cov(scaled)))
print(knndm(scaled, asked, 5), digits = 11); print(knndm(scaled %*% turn, asked %*% turn, 5, axes = scaled), digits = 11)
