"""What pipelines use of this repository: the action, the component, the hooks and the examples."""
