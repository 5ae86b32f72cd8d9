namespace Gsasr.Tensors;

/// <summary>A device had too little memory left for an allocation; smaller work may still fit.</summary>
public sealed class DeviceMemoryException : DeviceException
{
    /// <summary>Creates the exception.</summary>
    public DeviceMemoryException()
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What failed, in words for the user.</param>
    public DeviceMemoryException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What failed, in words for the user.</param>
    /// <param name="innerException">The cause.</param>
    public DeviceMemoryException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
