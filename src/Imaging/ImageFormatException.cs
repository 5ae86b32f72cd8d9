namespace Gsasr.Imaging;

/// <summary>A file is not an image this library reads, is damaged, or a format cannot hold the image to be written.</summary>
public sealed class ImageFormatException : Exception
{
    /// <summary>Creates the exception.</summary>
    public ImageFormatException()
        : base("The file is not a readable image.")
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What is wrong, and where in the file.</param>
    public ImageFormatException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What is wrong, and where in the file.</param>
    /// <param name="innerException">The failure below it.</param>
    public ImageFormatException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Whether the file asks for more than <see cref="ImageLimits"/> allows; with larger limits it could be read.</summary>
    public bool IsAboutLimits { get; init; }
}
