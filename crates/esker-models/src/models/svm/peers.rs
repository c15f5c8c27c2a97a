//! Beside scikit-learn.
