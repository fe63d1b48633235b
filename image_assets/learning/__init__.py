"""From features to decisions: sufficient statistics, projections, classifiers, evaluation."""
