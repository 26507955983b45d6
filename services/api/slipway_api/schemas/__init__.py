"""What travels over HTTP. The names of these Structs are the component names of the OpenAPI document."""
