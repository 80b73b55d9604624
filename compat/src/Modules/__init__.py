"""The import name `Modules`, under which the shipped tasks are known to the programs that call them."""
