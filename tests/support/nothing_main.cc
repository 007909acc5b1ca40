// Of programs that are linked to see whether they can be.
int main() { return 0; }
