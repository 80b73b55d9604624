"""The import name `Modules`, under which programs call the shipped tasks."""
