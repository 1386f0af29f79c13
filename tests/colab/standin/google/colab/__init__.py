"""What of Colab's own package the book's notebooks meet. It notes what is asked of it in the file $COLAB_LOG."""
